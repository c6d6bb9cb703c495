// Steps through the claims of one page: the current one and its part of the picture are marked together.
(() => {
  const root = document.currentScript.closest(".trace");
  const claims = [...root.querySelectorAll(".claim")];
  const player = root.querySelector(".player");
  if (!claims.length || !player) return;
  const [first, back, play, next] = player.querySelectorAll("button");
  const now = player.querySelector(".now");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let at = -1, timer = 0;

  const parts = (keys) => (keys || "").split(" ").filter(Boolean)
    .flatMap((key) => [...root.querySelectorAll(`.net [data-key="${key}"]`)])
    .flatMap((part) => part.matches(".node, .edge") ? [part] : [...part.querySelectorAll(".node")]);

  function bring(part) {
    const box = root.querySelector(".picture");
    if (!box || !part) return;
    const inner = part.getBoundingClientRect(), outer = box.getBoundingClientRect();
    if (inner.left < outer.left || inner.right > outer.right)
      box.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
    if (inner.top < outer.top || inner.bottom > outer.bottom)
      box.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
  }

  function show(place, scroll = true) {
    root.querySelectorAll(".net .on, .net .used").forEach((part) => part.classList.remove("on", "used"));
    if (at >= 0) claims[at].removeAttribute("aria-current");
    at = Math.max(0, Math.min(claims.length - 1, place));
    const claim = claims[at];
    for (let box = claim.parentElement; box && box !== root; box = box.parentElement)
      if (box.tagName === "DETAILS") box.open = true;
    claim.setAttribute("aria-current", "step");
    parts(claim.dataset.from).forEach((part) => part.classList.add("used"));
    const mine = parts(claim.dataset.about);
    mine.forEach((part) => { part.classList.remove("used"); part.classList.add("on"); });
    bring(mine[0]);
    if (scroll) claim.scrollIntoView({ block: "center", behavior: calm.matches || timer ? "auto" : "smooth" });
    now.textContent = `Step ${at + 1} of ${claims.length}: ${claim.dataset.told}`;
    first.disabled = back.disabled = at === 0;
    next.disabled = at === claims.length - 1;
  }

  function stop() {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
    now.setAttribute("aria-live", "polite");
  }

  function start() {
    now.setAttribute("aria-live", "off");
    play.textContent = "Pause";
    timer = setInterval(() => at >= claims.length - 1 ? stop() : show(at + 1), 2000);
  }

  const move = (place) => { stop(); show(place); };
  first.onclick = () => move(0);
  back.onclick = () => move(at - 1);
  next.onclick = () => move(at + 1);
  play.onclick = () => timer ? stop() : start();
  claims.forEach((claim, place) => {
    claim.querySelector(".number").onclick = (event) => { event.preventDefault(); stop(); show(place, false); };
  });
  // Sideways keys step while the player or a claim has the focus; elsewhere they scroll as usual.
  root.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !event.target.closest(".player, .number")) return;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: claims.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
    if (event.target.matches(".number")) claims[at].querySelector(".number").focus({ preventScroll: true });
  });
  root.querySelectorAll(".net .node, .net .edge").forEach((part) => {
    part.style.cursor = "pointer";
    part.addEventListener("click", () => {
      const place = claims.findIndex((claim) => (claim.dataset.about || "").split(" ").includes(part.dataset.key));
      if (place >= 0) move(place);
    });
  });
  player.hidden = false;
  if (location.hash) {
    const place = claims.findIndex((claim) => `#${claim.id}` === location.hash);
    if (place >= 0) show(place);
  }
})();
