"use strict";
(function () {
	var query = document.getElementById("query"), level = document.getElementById("level");
	var rows = Array.prototype.slice.call(document.querySelectorAll("[data-row]"));
	var shown = document.getElementById("shown");
	var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });

	/* A process is shown for what stands in it or below it: its text has both. */
	function filter() {
		var words = query.value.toLowerCase().split(/\s+/).filter(Boolean), count = 0;

		rows.forEach(function (row, i) {
			var hit = words.every(function (word) { return texts[i].indexOf(word) >= 0; }) &&
				(!level.value || !row.dataset.level || row.dataset.level === level.value);

			row.classList.toggle("hidden", !hit);
			if (hit && row.dataset.level)
				count++;
		});
		shown.textContent = count + " shown";
	}
	function unfold(open) {
		return function () {
			document.querySelectorAll("details[data-row]").forEach(function (one) { one.open = open; });
		};
	}
	document.getElementById("tools").hidden = false;
	query.addEventListener("input", filter);
	level.addEventListener("change", filter);
	document.getElementById("open").addEventListener("click", unfold(true));
	document.getElementById("close").addEventListener("click", unfold(false));
	document.addEventListener("keydown", function (event) {
		if (event.key === "/" && document.activeElement !== query) {
			event.preventDefault();
			query.focus();
		}
	});
	filter();
})();
