// Theme, copying, filters of tables, and the search over all rules. Text is only ever set as text.
(function () {
  "use strict";

  function byId(id) {
    return document.getElementById(id);
  }

  function make(tag, text, style) {
    var node = document.createElement(tag);
    if (text) {
      node.textContent = text;
    }
    if (style) {
      node.className = style;
    }
    return node;
  }

  // -- theme ------------------------------------------------------------------------------------

  function dark() {
    var chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  byId("theme").addEventListener("click", function () {
    var next = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem("transpile-theme", next);
    } catch (error) {
      // no storage here: the choice holds for this page
    }
  });

  // -- copying ----------------------------------------------------------------------------------

  if (navigator.clipboard) {
    document.querySelectorAll("pre").forEach(function (block) {
      var button = make("button", "Copy", "copy");
      button.type = "button";
      button.addEventListener("click", function () {
        navigator.clipboard.writeText(block.textContent).then(function () {
          button.textContent = "Copied";
          setTimeout(function () {
            button.textContent = "Copy";
          }, 1500);
        });
      });
      block.parentNode.insertBefore(button, block);
    });
  }

  // -- filters of what is on the page -----------------------------------------------------------

  document.querySelectorAll("input[data-filter]").forEach(function (input) {
    var rows = byId(input.dataset.filter).tBodies[0].rows;
    input.addEventListener("input", function () {
      var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      Array.prototype.forEach.call(rows, function (row) {
        var text = row.textContent.toLowerCase();
        row.hidden = !words.every(function (word) {
          return text.includes(word);
        });
      });
    });
  });

  document.querySelectorAll("input[data-gaps]").forEach(function (input) {
    input.addEventListener("change", function () {
      byId(input.dataset.gaps).classList.toggle("gaps-only", input.checked);
    });
  });

  document.querySelectorAll("form[data-search-form]").forEach(function (form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      location.href = "rules.html#q=" + encodeURIComponent(form.elements.q.value);
    });
  });

  document.addEventListener("keydown", function (event) {
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      var box = byId("q") || byId("filter");
      if (box) {
        event.preventDefault();
        box.focus();
        box.select();
      }
    }
  });

  // -- the search -------------------------------------------------------------------------------

  var KEY = 0, NAME = 1, LANGUAGE = 2, SEVERITY = 3, COLLECTION = 4, TECHNIQUES = 5, MARKS = 6, TEXT = 7;
  var LANGUAGES = ["splunk", "sigma", "elastic"];
  var TITLES = ["Splunk", "Sigma", "Elastic"];
  var SHOWN = 100;
  var FIELDS = ["q", "language", "severity", "collection", "target", "status"];

  var form = byId("finder");
  if (!form) {
    return;
  }
  var targets = form.dataset.targets.split(" ").filter(Boolean);
  var rules = [];
  var timer = 0;

  function value(id) {
    var node = byId(id);
    return node ? node.value : "";
  }

  function load(number, count) {
    if (number === count) {
      search();
      return;
    }
    var script = document.createElement("script");
    script.src = "data/rules-" + number + ".js";
    script.onload = function () {
      window.transpileRules.splice(0).forEach(function (row) {
        row.title = row[NAME].toLowerCase();
        row.all = row.title + "\n" + row[TECHNIQUES].toLowerCase() + "\n" + row[TEXT];
        rules.push(row);
      });
      load(number + 1, count);
    };
    script.onerror = function () {
      byId("found").textContent = "The index of the rules cannot be loaded.";
    };
    document.head.appendChild(script);
  }

  function matches(row, words) {
    var language = value("language"), severity = value("severity");
    var collection = value("collection"), target = value("target"), status = value("status");
    if (language && LANGUAGES[row[LANGUAGE]] !== language) return false;
    if (severity && row[SEVERITY] !== severity) return false;
    if (collection && row[COLLECTION] !== collection) return false;
    if (status) {
      var marks = target ? row[MARKS][targets.indexOf(target)] : row[MARKS];
      if (!marks || !marks.includes(status)) return false;
    }
    return words.every(function (word) {
      return row.all.includes(word);
    });
  }

  function rank(row, words) {
    return words.reduce(function (sum, word) {
      return sum + (row.title.includes(word) ? 2 : 0) + (row.title.startsWith(word) ? 1 : 0);
    }, 0);
  }

  function where(row, words) {
    // the field or value that was found, if the title does not show it
    var word = words.find(function (one) {
      return !row.title.includes(one);
    });
    if (!word) {
      return "";
    }
    var at = row[TEXT].indexOf(word);
    if (at < 0) {
      return row[TECHNIQUES];
    }
    var from = Math.max(0, at - 40);
    return (from ? "…" : "") + row[TEXT].slice(from, at + word.length + 60);
  }

  function shown(row, words) {
    var item = make("li");
    var language = LANGUAGES[row[LANGUAGE]];
    var link = make("a", row[NAME]);
    link.href = "rules/" + language + "/" + row[KEY] + ".html";
    item.appendChild(link);
    item.appendChild(make("span", TITLES[row[LANGUAGE]], "tag lang-" + language));
    if (row[SEVERITY]) {
      item.appendChild(make("span", row[SEVERITY], "tag sev-" + row[SEVERITY].replace(/\W/g, "_")));
    }
    var found = where(row, words);
    if (found) {
      item.appendChild(make("span", found, "where"));
    }
    return item;
  }

  function search() {
    var words = value("q").toLowerCase().split(/\s+/).filter(Boolean);
    var found = rules.filter(function (row) {
      return matches(row, words);
    });
    if (words.length) {
      found = found
        .map(function (row, at) {
          return [rank(row, words), at, row];
        })
        .sort(function (a, b) {
          return b[0] - a[0] || a[1] - b[1];
        })
        .map(function (ranked) {
          return ranked[2];
        });
    }
    var list = byId("results");
    list.replaceChildren.apply(
      list,
      found.slice(0, SHOWN).map(function (row) {
        return shown(row, words);
      })
    );
    var more = found.length > SHOWN ? ", the first " + SHOWN + " shown" : "";
    byId("found").textContent = found.length + " of " + rules.length + " rules" + more;
    document.documentElement.dataset.ready = "yes";
  }

  function remember() {
    var parts = FIELDS.filter(value).map(function (id) {
      return id + "=" + encodeURIComponent(value(id));
    });
    history.replaceState(null, "", parts.length ? "#" + parts.join("&") : location.pathname);
  }

  function recall() {
    var given = new URLSearchParams(location.hash.slice(1) || location.search.slice(1));
    FIELDS.forEach(function (id) {
      var node = byId(id);
      if (node) {
        node.value = given.get(id) || "";
      }
    });
  }

  function changed() {
    clearTimeout(timer);
    timer = setTimeout(function () {
      remember();
      search();
    }, 80);
  }

  function step(event) {
    var links = Array.prototype.slice.call(document.querySelectorAll("#results a"));
    var at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && at + 1 < links.length) {
      links[at + 1].focus();
    } else if (event.key === "ArrowUp" && at > 0) {
      links[at - 1].focus();
    } else if (event.key === "ArrowUp" && at === 0) {
      byId("q").focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    var first = document.querySelector("#results a");
    if (first) {
      first.focus();
    }
  });
  form.addEventListener("input", changed);
  byId("q").addEventListener("keydown", step);
  byId("results").addEventListener("keydown", step);
  window.addEventListener("hashchange", function () {
    recall();
    search();
  });
  window.transpileRules = [];
  recall();
  load(0, Number(form.dataset.shards));
})();
