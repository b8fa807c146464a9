"use strict";

// Shows the frames that the platform sends. What lights up has passed: every pass in a frame stands on a row, an object,
// a run or a request; this only plays them in the order of their times.
(() => {
  const { token, path, picture } = document.body.dataset;
  const HOP_MILLISECONDS = 200;
  const LONGEST_PAUSE_MILLISECONDS = 250;
  const SECONDS_OF_LIGHT = 3;
  const byId = (id) => document.getElementById(id);
  const faces = new Map();
  let frame = null;
  let chosen = null;
  let failed = 0;

  function make(name, text = "", className = "") {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  // Lighting up

  const waiting = [];
  let playing = false;

  function light(id, isBad) {
    const part = byId(id);
    if (!part) return;
    part.classList.remove("lit", "lit-bad");
    part.classList.add(isBad ? "lit-bad" : "lit");
    clearTimeout(part.fade);
    part.fade = setTimeout(() => part.classList.remove("lit", "lit-bad"), SECONDS_OF_LIGHT * 1000);
  }

  async function play(pass) {
    light(pass.parts[0], pass.is_bad);
    for (let i = 1; i < pass.parts.length; i++) {
      await wires.send(pass.parts[i - 1], pass.parts[i], pass.is_bad, HOP_MILLISECONDS);
      light(pass.parts[i], pass.is_bad);
    }
  }

  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  // Those of an order that leave from the same box at the same time go together.
  function together(pass) {
    const next = waiting[0];
    return next && next.order_id === pass.order_id && next.parts[0] === pass.parts[0] && next.at - pass.at < 0.1;
  }

  // An order's passes one after the other, as they are one way; others beside them. After a rush, what is old is passed by.
  async function playAll() {
    if (playing) return;
    playing = true;
    let before = null;
    while (waiting.length) {
      if (waiting.length > 60) waiting.splice(0, waiting.length - 60);
      let pass = waiting.shift();
      const group = [pass];
      while (pass.order_id && together(pass)) group.push((pass = waiting.shift()));
      if (before !== null) await pause(Math.min(LONGEST_PAUSE_MILLISECONDS, Math.max(30, (pass.at - before) * 1000)));
      before = pass.at;
      const played = Promise.all(group.map(play));
      if (pass.order_id && !document.hidden) await played;
    }
    playing = false;
  }

  // What the boxes say

  function show(id, face) {
    const part = byId(id);
    if (!part) return;
    faces.set(id, face);
    const note = part.querySelector(".note");
    part.querySelector(".figure").textContent = face.figure;
    note.textContent = face.note || note.dataset.hint;
    note.title = note.textContent;
    part.dataset.tone = face.tone;
  }

  function total(name, value) {
    const shown = byId(`total-${name}`);
    shown.textContent = value === null ? "–" : value.toLocaleString("en");
    if (name === "dead") shown.parentElement.classList.toggle("bad", value > 0);
  }

  function since(pass, clicked) {
    const milliseconds = Math.round((pass.at - clicked) * 1000);
    if (!pass.is_exact) return `≈ ${Math.max(0, Math.round(milliseconds / 1000))} s`;
    return milliseconds < 10000 ? `+${milliseconds} ms` : `+${(milliseconds / 1000).toFixed(1)} s`;
  }

  // The order and its way

  let drawnWay = "";

  function showOrders(orders) {
    const order = orders.find((each) => each.id === chosen) || orders[0];
    const drawn = JSON.stringify([orders.map((each) => [each.id, each.status]), order, chosen]);
    if (drawn === drawnWay || !order) return;
    drawnWay = drawn;
    const facts = byId("order-facts");
    const said = `${order.id.slice(0, 8)}, ${order.total}, ${order.status}`;
    if (facts.textContent !== said) {
      facts.replaceChildren(make("strong", order.id.slice(0, 8)), `, ${order.total}, ${order.status}`);
    }
    byId("orders").replaceChildren(...orders.slice(0, 5).map((each) => {
      const button = make("button", each.id.slice(0, 4));
      button.type = "button";
      button.setAttribute("aria-label", `Order ${each.id.slice(0, 8)}, ${each.status}`);
      button.setAttribute("aria-pressed", each.id === order.id);
      button.dataset.order = each.id;
      return button;
    }));
    byId("way").replaceChildren(...order.way.map((pass) => {
      const line = make("li");
      line.append(make("span", since(pass, order.clicked), "when"), make("span", pass.text, pass.is_bad ? "what bad" : "what"));
      return line;
    }));
    const stamps = new Map();
    const pairs = new Set();
    for (const pass of order.way) {
      pass.parts.forEach((part, i) => {
        if (!stamps.has(part)) stamps.set(part, since(pass, order.clicked));
        if (i) pairs.add(`${pass.parts[i - 1]} ${part}`);
      });
    }
    for (const part of document.querySelectorAll(".part")) {
      part.classList.toggle("on-way", stamps.has(part.id));
      part.querySelector(".stamp").textContent = stamps.get(part.id) || "";
    }
    wires.mark(pairs);
  }

  let drawnTroubles = "";

  function showTroubles(troubles) {
    const drawn = JSON.stringify(troubles);
    if (drawn === drawnTroubles) return;
    drawnTroubles = drawn;
    byId("troubles").replaceChildren(...(troubles.length ? troubles.map((each) => {
      const line = make("li");
      const at = make("time", new Date(each.at * 1000).toLocaleTimeString("en-GB"));
      line.append(at, " ", make("b", each.where), ` ${each.text}`);
      return line;
    }) : [make("li", "None.", "none")]));
  }

  function showProcesses(processes) {
    for (const each of processes) {
      const option = [...byId("process").options].find((known) => known.value === each.name);
      const text = each.is_up ? each.name : `${each.name}, down`;
      if (option && option.textContent !== text) option.textContent = text;
    }
  }

  function state(name, text) {
    const live = byId("live");
    live.dataset.state = name;
    if (live.textContent !== text) live.textContent = text;
  }

  function receive(received) {
    if (received.failed) {
      state("lost", `no reading: ${received.failed}`);
      return;
    }
    // The stacks were changed under the page, or one look did not see them all: only the second time is believed.
    failed = received.picture === picture ? 0 : failed + 1;
    if (failed > 2) location.reload();
    frame = received;
    state("live", "live");
    for (const [id, face] of Object.entries(frame.faces)) show(id, face);
    for (const [name, value] of Object.entries(frame.totals)) total(name, value);
    showOrders(frame.orders);
    showTroubles(frame.troubles);
    showProcesses(frame.processes);
    waiting.push(...frame.passes);
    playAll();
  }

  const stream = new EventSource(`${path}/frames`);
  stream.onmessage = (message) => receive(JSON.parse(message.data));
  stream.onerror = () => state("lost", "not running");

  byId("orders").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    // The newest is followed; any other stays.
    chosen = frame.orders[0].id === button.dataset.order ? null : button.dataset.order;
    showOrders(frame.orders);
    byId("orders").querySelector('[aria-pressed="true"]').focus();
  });

  // The drawer

  function table(columns, rows) {
    const made = make("table");
    const head = made.appendChild(make("thead")).appendChild(make("tr"));
    for (const column of columns) head.append(Object.assign(make("th", column), { scope: "col" }));
    const body = made.appendChild(make("tbody"));
    for (const row of rows) {
      const line = body.appendChild(make("tr"));
      for (const value of row) {
        if (value instanceof Node) line.appendChild(make("td")).append(value);
        else line.append(make("td", value === null ? "" : String(value), typeof value === "number" ? "number-cell" : ""));
      }
    }
    return made;
  }

  function open(title, ...content) {
    byId("drawer-title").textContent = title;
    byId("drawer-body").replaceChildren(...content);
    byId("drawer").showModal();
    byId("drawer").scrollTop = 0;
  }

  function resourceTable(resources) {
    return table(["Logical id", "Type", "Physical id", "Status"], resources.map((each) => [
      each.logical_id,
      each.type.replace("AWS::", ""),
      each.physical_id,
      each.recorded_only ? Object.assign(make("span", "recorded only", "tag"), { title: each.recorded_only }) : each.status,
    ]));
  }

  async function openResources(title, stack, part) {
    const answer = await fetch(`${path}/resources`);
    const all = (await answer.json()).resources;
    const own = part ? all.filter((each) => each.parts.includes(part)) : [];
    const rest = all.filter((each) => each.stack === stack && !own.includes(each));
    const content = [];
    const face = faces.get(part);
    if (face) {
      content.push(make("p", [face.figure, face.note].filter(Boolean).join(", ")));
      if (face.detail) content.push(make("pre", face.detail));
    }
    if (own.length) content.push(make("h3", `${own.length} as deployed`), resourceTable(own));
    const reasons = new Set([...own, ...rest].map((each) => each.recorded_only).filter(Boolean));
    if (rest.length) content.push(make("h3", `${own.length ? "The rest" : "All"} of stack ${stack}: ${rest.length}`), resourceTable(rest));
    for (const reason of reasons) content.push(make("p", `Recorded only: ${reason}`));
    open(title, ...content);
  }

  document.querySelector(".flow").addEventListener("click", (event) => {
    const part = event.target.closest(".part");
    const stack = event.target.closest(".stack");
    if (part) {
      const title = [part.closest(".lane").querySelector("h3")?.textContent, part.querySelector(".label").textContent];
      openResources(title.filter(Boolean).join(": "), part.dataset.stack, part.dataset.part);
    } else if (stack) {
      openResources(`Stack ${stack.dataset.stack}`, stack.dataset.stack, "");
    }
  });

  // The buttons

  function tell(outcome) {
    const told = byId("outcome");
    told.textContent = outcome.text;
    told.classList.toggle("bad", !outcome.is_done);
  }

  async function press(action, name) {
    try {
      const answer = await fetch(`${path}/do/${action}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Platform-Token": token },
        body: JSON.stringify({ name }),
      });
      return await answer.json();
    } catch {
      return { is_done: false, text: "The platform does not answer." };
    }
  }

  document.querySelector(".drive").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const action = event.submitter.value;
    const choice = form.querySelector("select");
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    tell({ is_done: true, text: action === "curate" ? "The job runs; Spark takes a while." : "On it." });
    const outcome = await press(action, choice ? choice.value : "");
    for (const button of buttons) button.disabled = false;
    event.submitter.focus();
    tell(outcome);
    if (action === "query" && outcome.is_done) {
      const rows = outcome.rows.length ? table(outcome.columns, outcome.rows) : make("p", "No rows.");
      open(choice.selectedOptions[0].textContent, make("p", outcome.text), rows);
    }
  });
})();
