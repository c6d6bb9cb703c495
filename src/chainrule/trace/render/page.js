// Steps through the claims of one page: the current one and its part of the picture are marked together.
(() => {
  const root = document.currentScript.closest(".trace");
  const claims = [...root.querySelectorAll(".claim")];
  const player = root.querySelector(".player");
  if (!claims.length || !player) return;
  const [first, back, play, next] = player.querySelectorAll("button");
  const now = player.querySelector(".now");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const opened = [...root.querySelectorAll(".net .on")];
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

  function mark(claim) {
    root.querySelectorAll(".net .on, .net .used").forEach((part) => part.classList.remove("on", "used"));
    if (!claim) return opened.forEach((part) => part.classList.add("on"));
    parts(claim.dataset.from).forEach((part) => part.classList.add("used"));
    parts(claim.dataset.about).forEach((part) => { part.classList.remove("used"); part.classList.add("on"); });
  }

  const last = () => at >= claims.length - 1;

  function show(place, scroll = true) {
    if (at >= 0) claims[at].removeAttribute("aria-current");
    at = Math.max(0, Math.min(claims.length - 1, place));
    const claim = claims[at];
    for (let box = claim.parentElement; box && box !== root; box = box.parentElement)
      if (box.tagName === "DETAILS") box.open = true;
    claim.setAttribute("aria-current", "step");
    mark(claim);
    bring(parts(claim.dataset.about)[0]);
    if (scroll) claim.scrollIntoView({ block: "center", behavior: calm.matches || timer ? "auto" : "smooth" });
    now.textContent = `Step ${at + 1} of ${claims.length}: ${claim.dataset.told}`;
    // A button that is disabled would lose the focus, and with it the keys.
    for (const [one, idle] of [[first, at === 0], [back, at === 0], [next, last()]]) one.setAttribute("aria-disabled", idle);
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
    timer = setInterval(() => last() ? stop() : show(at + 1), 2000);
    show(last() ? 0 : at + 1);
  }

  const move = (place) => { stop(); show(place); };
  first.onclick = () => move(0);
  back.onclick = () => move(at - 1);
  next.onclick = () => move(at + 1);
  play.onclick = () => timer ? stop() : start();
  claims.forEach((claim, place) => {
    claim.querySelector(".number").onclick = (event) => { event.preventDefault(); stop(); show(place, false); };
    // What the pointer is on is marked in the picture as long as it stays there.
    claim.addEventListener("pointerenter", () => mark(claim));
    claim.addEventListener("pointerleave", () => mark(claims[at]));
  });
  // Sideways keys step, but where they scroll or mean something else; beside other pages (a notebook) only with the focus inside.
  const listening = root.parentElement === document.body ? document : root;
  listening.addEventListener("keydown", (event) => {
    const target = event.target instanceof Element ? event.target : root;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || target.closest(".scroll, .picture, .reading, input")) return;
    const ends = target.closest(".player, .number") ? { Home: 0, End: claims.length - 1 } : {};
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ...ends }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
    if (target.matches(".number")) claims[at].querySelector(".number").focus({ preventScroll: true });
  });
  const told = new Map();
  claims.forEach((claim) => (claim.dataset.about || "").split(" ").forEach((key) => {
    if (!told.has(key)) told.set(key, []);
    told.get(key).push(claim);
  }));
  root.querySelectorAll(".net .node, .net .edge").forEach((part) => {
    const mine = told.get(part.dataset.key);
    if (!mine) return;
    part.style.cursor = "pointer";
    part.addEventListener("click", () => move(claims.indexOf(mine[0])));
    part.addEventListener("pointerenter", () => mine.forEach((claim) => claim.classList.add("linked")));
    part.addEventListener("pointerleave", () => mine.forEach((claim) => claim.classList.remove("linked")));
  });
  player.hidden = false;
  root.classList.add("stepping");
  const follow = () => {
    const place = claims.findIndex((claim) => `#${claim.id}` === location.hash);
    if (place >= 0) move(place);
  };
  addEventListener("hashchange", follow);
  follow();
})();
