// Runs before the page is drawn, so that a chosen theme does not flash.
(function () {
  "use strict";
  try {
    var chosen = localStorage.getItem("transpile-theme");
    if (chosen === "dark" || chosen === "light") {
      document.documentElement.dataset.theme = chosen;
    }
  } catch (error) {
    // no storage here: the system's setting holds
  }
})();
