(function () {
  "use strict";
  var tools = document.getElementById("tools");
  if (!tools) { return; }
  var find = document.getElementById("find"), by = document.getElementById("by");
  var set = document.getElementById("set"), count = document.getElementById("count");
  var list = document.getElementById("list"), matrix = document.getElementById("matrix");
  var show = "all", made = [];

  function plain(text) {
    return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  }

  var entries = Array.from(list.querySelectorAll(".jr-entry"), function (node) {
    var data = node.dataset;
    var words = [node.textContent, data.words, data.group, data.set, data.segment].join(" ");
    return {
      node: node, home: node.parentNode, words: plain(words), data: data,
      id: node.querySelector("h3").id.slice(2), link: node.querySelector("h3 a")
    };
  });

  function wanted(entry, terms) {
    if (show === "moved" && entry.data.moved === "0") { return false; }
    if (show === "attention" && entry.data.status === "ok") { return false; }
    if (set && set.value && entry.data.set !== set.value) { return false; }
    return terms.every(function (term) { return entry.words.includes(term); });
  }

  function filter() {
    var terms = plain(find.value).split(/\s+/).filter(Boolean), left = {}, number = 0;
    entries.forEach(function (entry) {
      var keep = wanted(entry, terms);
      entry.node.hidden = !keep;
      number += keep;
      left[entry.id] = keep;
    });
    list.querySelectorAll(".jr-section").forEach(function (section) {
      section.hidden = !section.querySelector(".jr-entry:not([hidden])");
    });
    if (matrix) {
      matrix.querySelectorAll("td[data-report]").forEach(function (cell) {
        cell.classList.toggle("jr-out", !left[cell.dataset.report]);
      });
      matrix.querySelectorAll("tbody tr").forEach(function (row) {
        row.hidden = !row.querySelector("td[data-report]:not(.jr-out)");
      });
    }
    count.textContent = number + " of " + entries.length + " report" + (entries.length === 1 ? "" : "s");
  }

  function group() {
    var key = by.value, sections = new Map();
    made.forEach(function (section) { section.remove(); });
    made = [];
    entries.forEach(function (entry) { entry.home.append(entry.node); });
    if (key !== "group") {
      entries.forEach(function (entry) {
        if (entry.home.classList.contains("jr-attention")) { return; }
        var name = entry.data[key];
        if (!sections.has(name)) {
          var section = document.createElement("section"), head = document.createElement("h2");
          section.className = "jr-section";
          head.id = "by-" + sections.size;
          head.textContent = name;
          section.setAttribute("aria-labelledby", head.id);
          section.append(head);
          list.append(section);
          sections.set(name, section);
          made.push(section);
        }
        sections.get(name).append(entry.node);
      });
    }
    filter();
  }

  function press(buttons, chosen) {
    buttons.forEach(function (button) {
      button.setAttribute("aria-pressed", String(button === chosen));
    });
  }

  var chips = tools.querySelectorAll("[data-show]"), views = tools.querySelectorAll("[data-view]");
  chips.forEach(function (chip) {
    chip.addEventListener("click", function () {
      show = chip.dataset.show;
      press(chips, chip);
      filter();
    });
  });
  views.forEach(function (view) {
    view.addEventListener("click", function () {
      press(views, view);
      list.hidden = view.dataset.view !== "list";
      matrix.hidden = !list.hidden;
      by.disabled = list.hidden;
    });
  });
  find.addEventListener("input", filter);
  by.addEventListener("change", group);
  if (set) { set.addEventListener("change", filter); }
  tools.addEventListener("submit", function (event) { event.preventDefault(); });

  function step(from, way) {
    var links = entries.map(function (e) { return e.link; });
    if (by.value !== "group") { links = Array.from(list.querySelectorAll(".jr-entry h3 a")); }
    links = links.filter(function (link) { return link.offsetParent !== null; });
    var next = links.indexOf(from) + way;
    if (next < 0) { find.focus(); } else if (next < links.length) { links[next].focus(); }
  }

  document.addEventListener("keydown", function (event) {
    var at = event.target, typing = /^(INPUT|SELECT|TEXTAREA)$/.test(at.tagName);
    var arrow = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) { return; }
    if (event.key === "/" && !typing) {
      event.preventDefault();
      find.focus();
      find.select();
    } else if (event.key === "Escape" && at === find) {
      find.value = "";
      filter();
    } else if (arrow && (at === find || at.matches(".jr-entry h3 a"))) {
      if (at === find && arrow < 0) { return; }
      event.preventDefault();
      step(at, arrow);
    }
  });

  function age(iso) {
    var days = Math.floor((Date.now() - Date.parse(iso)) / 864e5);
    if (!(days >= 0)) { return ""; }
    if (days < 60) { return days === 0 ? "today" : days === 1 ? "yesterday" : days + " days ago"; }
    return days < 730 ? Math.round(days / 30.4) + " months ago" : Math.round(days / 365.25) + " years ago";
  }
  entries.forEach(function (entry) {
    var time = entry.node.querySelector("time"), text = age(time.dateTime);
    if (text) { time.textContent += " (" + text + ")"; }
  });

  tools.hidden = false;
  if (matrix) { matrix.hidden = true; }
  filter();
}());
