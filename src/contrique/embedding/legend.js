// The page of `contrique embed`, second part: legends that switch, buttons, light and dark, and the start.

const press = (button, on) => button.setAttribute("aria-pressed", String(on));

function icon(t) {
  const made = document.createElement("canvas"), ratio = window.devicePixelRatio || 1;
  made.width = made.height = 18 * ratio;
  const pen = made.getContext("2d");
  pen.scale(ratio, ratio);
  outline(pen, data.types[t].mark, 9, 9, 6);
  pen.fillStyle = typeColour(t);
  pen.fill();
  return made;
}

function toggle(set, key) {
  if (!set.delete(key)) set.add(key);
  legends();
}

function switchOf(kind, set, key, ...content) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = kind;
  button.append(...content);
  press(button, !set.has(key));
  button.dataset.key = key;
  button.onclick = () => toggle(set, key);
  return button;
}

function legends() { // drawn anew after every change; the button in focus stays in focus
  const focus = document.activeElement && document.activeElement.dataset.key;
  const kind = document.activeElement && document.activeElement.className;
  const families = [...new Set(data.types.map((style) => style.family))];
  at("types").replaceChildren(...families.map((name) => {
    const members = [...data.types.keys()].filter((t) => data.types[t].family === name);
    const box = document.createElement("div");
    box.className = "family";
    if (name && (members.length > 1 || data.types[members[0]].title !== name)) {
      const head = document.createElement("button");
      head.type = "button";
      head.className = "head";
      head.textContent = name;
      head.dataset.key = name;
      head.title = "Switch the family";
      head.onclick = () => {
        const on = members.some((t) => hiddenTypes.has(t));
        for (const t of members) on ? hiddenTypes.delete(t) : hiddenTypes.add(t);
        legends();
      };
      box.append(head);
    }
    for (const t of members) {
      const button = switchOf("mark", hiddenTypes, t, icon(t), data.types[t].long);
      button.onmouseenter = button.onfocus = () => { shone = hiddenTypes.has(t) ? -1 : t; refresh(); };
      button.onmouseleave = button.onblur = () => { shone = -1; refresh(); };
      box.append(button);
    }
    return box;
  }));
  at("level-legend").hidden = levels.length === 0;
  at("level-name").textContent = data.levelName || "";
  if (fewLevels) {
    const shown = data.level.includes(null) ? [...levels, null] : levels;
    at("levels").replaceChildren(...shown.map((level) => {
      const dot = document.createElement("i");
      dot.style.background = level === null ? ink() : levelColour(level);
      return switchOf("level", hiddenLevels, level, dot, level === null ? "none" : String(+level.toPrecision(4)));
    }));
  } else if (levels.length) {
    const bar = document.createElement("div"), ends = document.createElement("div");
    bar.className = "ramp";
    bar.style.background = `linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map(ramp).join(", ")})`;
    ends.className = "ends";
    ends.append(...[levels[0], levels[levels.length - 1]].map((level) => {
      const made = document.createElement("span");
      made.textContent = +level.toPrecision(4);
      return made;
    }));
    at("levels").replaceChildren(bar, ends);
  }
  if (focus !== undefined && focus !== null) {
    const again = [...document.querySelectorAll("aside button")].find(
      (button) => button.dataset.key === focus && button.className === kind);
    if (again) again.focus();
  }
  if (pointed >= 0 && !visible(pointed)) point(-1);
  refresh();
}

function reset() {
  Object.assign(view, { scale: 1, x: 0, y: 0 });
  refresh();
}

function colourBy(what) {
  by = what;
  press(at("by-type"), by === "type");
  press(at("by-level"), by === "level");
  refresh();
}

function theme(on) {
  dark = on;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  at("theme").textContent = dark ? "Light" : "Dark";
  legends();
}

at("title").textContent = data.title;
document.title = data.title;
at("caption").textContent = data.caption;
at("by-type").onclick = () => colourBy("type");
at("by-level").onclick = () => colourBy("level");
at("by-level").hidden = levels.length === 0;
at("by-level").textContent = data.levelName ? data.levelName[0].toUpperCase() + data.levelName.slice(1) : "";
at("zoom-in").onclick = () => zoom(1.4);
at("zoom-out").onclick = () => zoom(1 / 1.4);
at("reset").onclick = reset;
at("theme").onclick = () => theme(!dark);
at("unpin").onclick = () => { pin(-1); map.focus(); };
at("all").onclick = () => { hiddenTypes.clear(); legends(); };
at("none").onclick = () => { for (const t of data.types.keys()) hiddenTypes.add(t); legends(); };

new ResizeObserver(() => {
  const box = map.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
  [width, height] = [box.width, box.height];
  map.width = Math.round(width * ratio);
  map.height = Math.round(height * ratio);
  draw();
}).observe(map);
const system = matchMedia("(prefers-color-scheme: dark)");
system.addEventListener("change", () => theme(system.matches));
theme(system.matches);
// For scripts: where a point is in the window, and what the reader sees.
window.embedding = {
  place: (i) => {
    const box = map.getBoundingClientRect(), [x, y] = place(i);
    return [box.left + x, box.top + y];
  },
  state: () => ({ by, dark, pointed, pinned, scale: view.scale, shown: data.order.filter(visible).length }),
};
