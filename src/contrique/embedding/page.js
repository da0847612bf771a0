// The page of `contrique embed`: draws the points, finds the one under the pointer, and traces it to its image.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const count = data.x.length;
const at = (id) => document.getElementById(id);
const map = at("map"), pen = map.getContext("2d");
const hiddenTypes = new Set(), hiddenLevels = new Set();
const view = { scale: 1, x: 0, y: 0 }; // of the world, which is −1 to 1 both ways
let by = "type", dark = false, pointed = -1, pinned = -1, shone = -1, width = 1, height = 1, asked = false;

// ---- how points look

const value = (i) => data.level[i];
const levels = [...new Set(data.level.filter((v) => v !== null))].sort((a, b) => a - b);
const fewLevels = levels.length > 0 && levels.length <= 10;
const visible = (i) => !hiddenTypes.has(data.type[i]) && !(fewLevels && hiddenLevels.has(value(i)));

function ramp(share) {
  const stops = dark ? data.ramps.dark : data.ramps.light;
  const place = share * (stops.length - 1), low = Math.min(Math.floor(place), stops.length - 2);
  const part = (colour, k) => parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
  return "rgb(" + [0, 1, 2].map((k) => Math.round(
    part(stops[low], k) + (part(stops[low + 1], k) - part(stops[low], k)) * (place - low))).join(",") + ")";
}

function levelColour(level) {
  if (level === null) return data.other;
  const low = levels[0], high = levels[levels.length - 1];
  return ramp(high > low ? (level - low) / (high - low) : 1);
}

const ink = () => (dark ? "#ececec" : "#1b1b1b");
const typeColour = (t) => (dark ? data.types[t].onDark : data.types[t].colour) || ink();

function look(i) { // colour and mark of a point
  const style = data.types[data.type[i]];
  if (by === "type") return [typeColour(data.type[i]), style.mark];
  return value(i) === null && style.mark === "star" ? [ink(), "star"] : [levelColour(value(i)), "circle"];
}

function outline(pen, mark, x, y, r) {
  pen.beginPath();
  const walk = (points) => points.forEach(([a, b], k) => pen[k ? "lineTo" : "moveTo"](x + a * r, y + b * r));
  if (mark === "circle") pen.arc(x, y, r, 0, 7);
  else if (mark === "square") pen.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
  else if (mark === "triangle") walk([[0, -1.15], [1.1, 0.85], [-1.1, 0.85]]);
  else if (mark === "diamond") walk([[0, -1.25], [1, 0], [0, 1.25], [-1, 0]]);
  else if (mark === "cross") walk([[-0.4, -1.1], [0.4, -1.1], [0.4, -0.4], [1.1, -0.4], [1.1, 0.4], [0.4, 0.4],
    [0.4, 1.1], [-0.4, 1.1], [-0.4, 0.4], [-1.1, 0.4], [-1.1, -0.4], [-0.4, -0.4]]);
  else walk([...Array(10).keys()].map((k) => {
    const reach = k % 2 ? 0.62 : 1.5, turn = (k * Math.PI) / 5;
    return [reach * Math.sin(turn), -reach * Math.cos(turn)];
  }));
  pen.closePath();
}

// ---- where points are

const unit = () => (Math.min(width, height) / 2) * 0.94;
const place = (i) => [width / 2 + (data.x[i] * view.scale + view.x) * unit(),
  height / 2 - (data.y[i] * view.scale + view.y) * unit()];
const radius = () => Math.max(2.2, Math.min(5, 150 / Math.sqrt(count))) * Math.min(2.4, Math.pow(view.scale, 0.4));

function nearest(x, y, reach) {
  let best = -1, least = reach * reach;
  for (let i = 0; i < count; i++) {
    if (!visible(i)) continue;
    const [a, b] = place(i), d = (a - x) ** 2 + (b - y) ** 2;
    if (d < least) [best, least] = [i, d];
  }
  return best;
}

function zoom(factor, x = width / 2, y = height / 2) { // what lies at x, y stays there
  const scale = Math.min(60, Math.max(0.5, view.scale * factor)), grown = scale / view.scale;
  const a = (x - width / 2) / unit(), b = -(y - height / 2) / unit();
  view.x = a - (a - view.x) * grown;
  view.y = b - (b - view.y) * grown;
  view.scale = scale;
  refresh();
}

function pan(dx, dy) {
  view.x += dx / unit();
  view.y -= dy / unit();
  refresh();
}

const family = (i) => data.distorted && i >= 0 // the undistorted picture and the five levels of one distortion
  ? [...data.content.keys()].filter((j) => data.content[j] === data.content[i] &&
      (data.type[j] === data.type[i] || value(j) === null)).sort((a, b) => (value(a) || 0) - (value(b) || 0))
  : [];

// ---- drawing

function refresh() {
  if (!asked) requestAnimationFrame(draw);
  asked = true;
}

function draw() {
  asked = false;
  const ratio = window.devicePixelRatio || 1, r = radius();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.lineWidth = 0.6;
  pen.strokeStyle = dark ? "#131416" : "#ffffff";
  for (const i of data.order) {
    if (!visible(i)) continue;
    const [x, y] = place(i);
    if (x < -20 || y < -20 || x > width + 20 || y > height + 20) continue;
    const [colour, mark] = look(i);
    pen.globalAlpha = shone < 0 || data.type[i] === shone ? 0.9 : 0.1;
    pen.fillStyle = colour;
    outline(pen, mark, x, y, r);
    pen.fill();
    pen.stroke();
  }
  pen.globalAlpha = 1;
  if (by === "type") numbers();
  if (pinned >= 0) {
    const walk = family(pinned);
    pen.strokeStyle = ink();
    pen.lineWidth = 1.6;
    pen.beginPath();
    walk.forEach((i, k) => pen[k ? "lineTo" : "moveTo"](...place(i)));
    pen.stroke();
    for (const i of walk) mark(i, r * 1.25, false);
    mark(pinned, r * 1.9, true);
  }
  if (pointed >= 0) mark(pointed, r * 1.6, true);
}

function numbers() { // of the types, where each is densest
  pen.font = "bold 14px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  for (const [t, style] of data.types.entries()) {
    if (!style.number || hiddenTypes.has(t) || (shone >= 0 && shone !== t)) continue;
    const x = width / 2 + (style.spot[0] * view.scale + view.x) * unit();
    const y = height / 2 - (style.spot[1] * view.scale + view.y) * unit();
    pen.strokeStyle = dark ? "#131416" : "#ffffff";
    pen.strokeText(style.number, x, y);
    pen.fillStyle = ink();
    pen.fillText(style.number, x, y);
  }
}

function mark(i, r, ring) {
  const [x, y] = place(i), [colour, shape] = look(i);
  outline(pen, shape, x, y, r);
  pen.fillStyle = colour;
  pen.fill();
  pen.strokeStyle = ink();
  pen.lineWidth = ring ? 2.2 : 1.2;
  pen.stroke();
}

// ---- pointing and choosing

const picture = (i) => (data.thumbnails[i] ? "data:image/webp;base64," + data.thumbnails[i] : "");

function words(i) {
  const known = value(i) === null ? "" : `, ${data.levelName} ${+value(i).toPrecision(4)}`;
  return data.types[data.type[i]].long + known;
}

function point(i) {
  pointed = i;
  const tip = at("tip");
  tip.hidden = i < 0;
  if (i >= 0) {
    at("tip-image").src = picture(i);
    at("tip-text").textContent = `${words(i)}\n${data.files[data.file[i]].name}`;
    at("tip-text").style.whiteSpace = "pre-line";
    placeTip();
    at("say").textContent = `${words(i)}, ${data.files[data.file[i]].name}`;
  }
  refresh();
}

function placeTip() { // beside the point and inside the map; again once the picture's size is known
  if (pointed < 0) return;
  const tip = at("tip"), [x, y] = place(pointed), box = tip.getBoundingClientRect();
  const left = x + 16 + box.width > width ? x - 16 - box.width : x + 16;
  tip.style.left = `${Math.max(4, Math.min(left, width - box.width - 4))}px`;
  tip.style.top = `${Math.max(4, Math.min(y + 12, height - box.height - 4))}px`;
}
at("tip-image").addEventListener("load", placeTip);

function figure(i, title) {
  const made = document.createElement("figure"), image = document.createElement("img");
  image.src = picture(i);
  image.alt = `${words(i)}, ${data.files[data.file[i]].name}`;
  made.append(image, title);
  return made;
}

function pin(i) {
  pinned = i;
  at("chosen").hidden = i < 0;
  at("hint").hidden = i >= 0;
  if (i < 0) return refresh();
  const walk = family(i), file = data.files[data.file[i]];
  at("pair").replaceChildren(...walk.filter((j) => value(j) === null && j !== i).map((j) => figure(j, "undistorted")),
    figure(i, words(i)));
  at("chosen-what").textContent = words(i);
  at("chosen-link").textContent = file.name;
  at("chosen-link").href = file.link;
  at("strip").replaceChildren(...walk.filter((j) => value(j) !== null).map((j) => {
    const button = document.createElement("button"), image = document.createElement("img");
    image.src = picture(j);
    image.alt = "";
    button.append(image, `${data.levelName} ${value(j)}`);
    button.setAttribute("aria-pressed", String(j === i));
    button.onclick = () => { pin(j); at("strip").querySelector("[aria-pressed=true]").focus(); };
    return button;
  }));
  const command = data.distorted && value(i) !== null;
  at("chosen-how").hidden = !command;
  if (command) {
    at("chosen-command").textContent = `contrique distort ${data.clean[data.content[i]]} ` +
      `--type ${data.types[data.type[i]].name} --level ${value(i)} --seed ${data.seed[i]} -o point.png`;
  }
  at("say").textContent = `chosen: ${words(i)}, ${file.name}`;
  refresh();
}

function walkTo(dx, dy) { // the nearest visible point in a direction, straight ahead before aslant
  const from = pointed >= 0 ? pointed : pinned;
  if (from < 0) return point(nearest(width / 2, height / 2, Infinity));
  const [x, y] = place(from);
  let best = -1, least = Infinity;
  for (let i = 0; i < count; i++) {
    if (i === from || !visible(i)) continue;
    const [a, b] = place(i), ahead = (a - x) * dx + (b - y) * dy, aside = Math.abs((a - x) * dy - (b - y) * dx);
    if (ahead > 0.5 && aside <= ahead && ahead + 2 * aside < least) [best, least] = [i, ahead + 2 * aside];
  }
  if (best < 0) return;
  const [a, b] = place(best), edge = 30;
  pan(Math.max(0, edge - a) - Math.max(0, a - width + edge), Math.max(0, edge - b) - Math.max(0, b - height + edge));
  point(best);
}

const touches = new Map();
let moved = false;
const spot = (event) => {
  const box = map.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
map.addEventListener("pointerdown", (event) => {
  if (touches.size === 0) moved = false;
  touches.set(event.pointerId, spot(event));
  try { map.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
});
map.addEventListener("pointermove", (event) => {
  const [x, y] = spot(event), before = touches.get(event.pointerId);
  if (!before) return event.pointerType === "mouse" ? point(nearest(x, y, 16)) : undefined;
  if (!moved && touches.size === 1 && Math.hypot(x - before[0], y - before[1]) < 5) return;
  moved = true;
  map.classList.add("moving");
  if (pointed >= 0) point(-1);
  if (touches.size === 1) pan(x - before[0], y - before[1]);
  else {
    const other = [...touches].find(([id]) => id !== event.pointerId)[1];
    const gap = (p) => Math.max(10, Math.hypot(p[0] - other[0], p[1] - other[1]));
    pan((x - before[0]) / 2, (y - before[1]) / 2);
    zoom(gap([x, y]) / gap(before), (x + other[0]) / 2, (y + other[1]) / 2);
  }
  touches.set(event.pointerId, [x, y]);
});
for (const kind of ["pointerup", "pointercancel"]) map.addEventListener(kind, (event) => {
  const known = touches.delete(event.pointerId);
  if (touches.size === 0) map.classList.remove("moving");
  if (!known || kind === "pointercancel" || moved) return;
  const chosen = nearest(...spot(event), event.pointerType === "mouse" ? 16 : 28);
  pin(chosen);
  point(chosen); // a finger does not hover
});
map.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") point(-1); });
map.addEventListener("wheel", (event) => {
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 16 : 1;
  zoom(Math.exp(-Math.max(-240, Math.min(240, event.deltaY * lines)) * 0.0022), ...spot(event));
  point(nearest(...spot(event), 16));
}, { passive: false });
map.addEventListener("keydown", (event) => {
  const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const arrow = arrows[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (arrow && event.shiftKey) pan(-arrow[0] * 60, -arrow[1] * 60);
  else if (arrow) walkTo(...arrow);
  else if ((event.key === "Enter" || event.key === " ") && pointed >= 0) pin(pointed);
  else if (event.key === "Escape") { pin(-1); point(-1); }
  else if (event.key === "+" || event.key === "=") zoom(1.4);
  else if (event.key === "-") zoom(1 / 1.4);
  else if (event.key === "0") reset();
  else return;
  event.preventDefault();
});
