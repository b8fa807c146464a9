"use strict";

// The lines of the picture: laid from box to box wherever those stand, and a dot along each when something goes there.
const wires = (() => {
  const svg = document.querySelector(".wires");
  const flow = document.querySelector(".flow");
  const links = JSON.parse(document.body.dataset.links);
  const paths = new Map();
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const SECONDS_OF_LIGHT = 2.5;

  const element = (name, parent) => parent.appendChild(document.createElementNS("http://www.w3.org/2000/svg", name));

  function rect(id) {
    const box = document.getElementById(id).getBoundingClientRect();
    const base = flow.getBoundingClientRect();
    return {
      left: box.left - base.left, right: box.right - base.left, top: box.top - base.top, bottom: box.bottom - base.top,
      x: (box.left + box.right) / 2 - base.left, y: (box.top + box.bottom) / 2 - base.top,
    };
  }

  // A line of right angles through points, its corners rounded.
  function elbow(points, radius) {
    let d = `M${points[0][0]},${points[0][1]}`;
    for (let i = 1; i < points.length - 1; i++) {
      const [px, py] = points[i - 1], [x, y] = points[i], [nx, ny] = points[i + 1];
      const before = Math.min(radius, Math.hypot(x - px, y - py) / 2), after = Math.min(radius, Math.hypot(nx - x, ny - y) / 2);
      d += ` L${x - Math.sign(x - px) * before},${y - Math.sign(y - py) * before}`;
      d += ` Q${x},${y} ${x + Math.sign(nx - x) * after},${y + Math.sign(ny - y) * after}`;
    }
    const last = points[points.length - 1];
    return `${d} L${last[0]},${last[1]}`;
  }

  const SHAPES = {
    across(a, b) {
      const bend = (b.left - a.right) * 0.55;
      return `M${a.right},${a.y} C${a.right + bend},${a.y} ${b.left - bend},${b.y} ${b.left},${b.y}`;
    },
    down(a, b) {
      const x = Math.max(b.left + 8, Math.min(a.x, b.right - 8, b.x));
      const from = Math.max(a.left + 8, Math.min(x, a.right - 8));
      return elbow([[from, a.bottom], [from, (a.bottom + b.top) / 2], [x, (a.bottom + b.top) / 2], [x, b.top]], 6);
    },
    // From the bus, straight if the box is below it; past the archive, which stands beside the bus, in the space below.
    drop(a, b, rem) {
      const x = b.right - 1.6 * rem;
      const from = Math.min(x, a.right - 1.6 * rem);
      const low = a.bottom + 0.5 * rem;
      return elbow([[from, a.bottom], [from, low], [x, low], [x, b.top]], 0.4 * rem);
    },
    // From below the row to a box of the next row, in the space between the two.
    under(a, b, rem) {
      const row = rowBottom() + 1.1 * rem;
      const x = Math.min(b.right - 3 * rem, a.x);
      return elbow([[a.x, a.bottom], [a.x, row], [x, row], [x, b.top]], 0.6 * rem);
    },
    // What a function writes: below the functions, then up the space between steps 7 and 8.
    rail(a, b, rem) {
      const low = a.bottom + 0.55 * rem;
      const step = rect("step-events").right;
      const gutter = step + 0.9 * rem;
      if (b.top > rect("step-events").top) {
        return elbow([[a.x, a.bottom], [a.x, low], [gutter, low], [gutter, b.y], [b.left, b.y]], 0.6 * rem);
      }
      const row = rowBottom() + 0.6 * rem;
      const side = rect("step-data").left - 0.75 * rem;
      return elbow([[a.x, a.bottom], [a.x, low], [gutter, low], [gutter, row], [side, row], [side, b.y], [b.left, b.y]], 0.6 * rem);
    },
  };

  const rowBottom = () => rect("step-data").bottom;

  function lay() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const link of links) {
      const key = `${link.start} ${link.end}`;
      if (!paths.has(key)) paths.set(key, element("path", svg));
      paths.get(key).setAttribute("d", SHAPES[link.shape](rect(link.start), rect(link.end), rem));
    }
  }

  function shine(path, isBad, seconds) {
    const name = isBad ? "flowing-bad" : "flowing";
    path.classList.add(name);
    svg.append(path);
    clearTimeout(path.fade);
    path.fade = setTimeout(() => path.classList.remove("flowing", "flowing-bad"), seconds * 1000);
  }

  // Sends a dot from one box to the next; resolves when it has arrived. At once where there is no line or no motion.
  function send(start, end, isBad, milliseconds) {
    const path = paths.get(`${start} ${end}`);
    if (!path || !svg.checkVisibility()) return Promise.resolve();
    shine(path, isBad, SECONDS_OF_LIGHT);
    if (still.matches || document.hidden) return Promise.resolve();
    const length = path.getTotalLength();
    const dot = element("circle", svg);
    dot.setAttribute("r", "0.38rem");
    if (isBad) dot.classList.add("bad");
    return new Promise((resolve) => {
      const began = performance.now();
      const go = (now) => {
        const done = Math.min(1, (now - began) / milliseconds);
        const point = path.getPointAtLength(length * done);
        dot.setAttribute("cx", point.x);
        dot.setAttribute("cy", point.y);
        if (done < 1) return requestAnimationFrame(go);
        dot.remove();
        resolve();
      };
      requestAnimationFrame(go);
    });
  }

  // Marks the lines of an order's way.
  function mark(pairs) {
    for (const [key, path] of paths) path.classList.toggle("way", pairs.has(key));
  }

  // A box that grows by what it says moves those below it.
  const sizes = new ResizeObserver(lay);
  for (const each of [flow, ...flow.querySelectorAll(".part")]) sizes.observe(each);
  document.fonts.ready.then(lay);
  lay();
  return { send, mark, lay };
})();
