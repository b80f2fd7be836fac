/*
 * golang.go - a Go program: threads of its own making, system calls of its own, libc only for cgo.
 *
 * modes: traced
 * flavours: go cgo
 * policy: --deny-read=$T/vault --deny-run=$T/vault --allow-net=127.0.0.1:1
 * args: $T $PORT
 * expect: open: EACCES; create: OK; link: EACCES; read all at once: EACCES; run: EACCES; run true: OK; connect: EPERM;
 * expect: violation $T/vault/secret; count 18 $T/vault/secret; exit 2; verdict violations
 */
// SPDX-License-Identifier: MIT
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

func said(what string, err error) {
	var number syscall.Errno
	names := map[syscall.Errno]string{syscall.EACCES: "EACCES", syscall.EPERM: "EPERM", syscall.ENOENT: "ENOENT"}

	switch {
	case err == nil:
		fmt.Println(what + ": OK")
	case errors.As(err, &number) && names[number] != "":
		fmt.Println(what + ": " + names[number])
	default:
		fmt.Println(what+":", err)
	}
}

func main() {
	top, port := os.Args[1], os.Args[2]

	_, err := os.Open(top + "/vault/secret")
	said("open", err)
	_, err = os.Create(top + "/open/made")
	said("create", err)
	_, err = os.ReadFile(top + "/open/link")
	said("link", err)

	// Each on a thread of its own.
	var all sync.WaitGroup
	refused := make(chan error, 16)
	for i := 0; i < cap(refused); i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			runtime.LockOSThread()
			_, err := os.ReadFile(top + "/vault/secret")
			refused <- err
		}()
	}
	all.Wait()
	close(refused)
	var last error
	for err := range refused {
		if err == nil || last != nil && err.Error() != last.Error() {
			fmt.Println("not all the same:", err, last)
		}
		last = err
	}
	said("read all at once", last)

	said("run", exec.Command(top+"/vault/prog").Run())
	said("run true", exec.Command("true").Run())
	_, err = net.Dial("tcp", "127.0.0.1:"+port)
	said("connect", err)
}
