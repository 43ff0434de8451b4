// The map: directories, in them objects, in them symbols. Area is size, colour is growth.
//
// Only what can be seen is laid out: a box too small for its contents is filled as a whole.

/** The tree of one comparison. Leaves are row numbers; what no symbol covers is a leaf of its own. */
function plant(one) {
  const root = { name: '', path: '', parent: null, kids: new Map(), leaves: [], old: 0, new: 0, size: 0, change: 0 };
  const child = (node, name) => {
    let kid = node.kids.get(name);
    if (!kid) {
      const path = node.path ? `${node.path}/${name}` : name;
      kid = { name, path, parent: node, kids: new Map(), leaves: [], old: 0, new: 0, size: 0, change: 0 };
      node.kids.set(name, kid);
    }
    return kid;
  };
  const places = [];
  const place = (unit, kind) => {
    const key = one.directories ? unit : unit + one.units.length * kind;
    if (places[key]) return places[key];
    const known = unit < 0 ? '' : one.units[unit];
    const parts = one.directories ? known.split('/').filter(Boolean)
      : [one.classes[kind] || 'unknown', ...(known ? [known] : [])];
    if (parts.length === 0) parts.push('(no file known)');
    const node = parts.reduce(child, root);
    if (unit >= 0) places[key] = node;
    return node;
  };
  const nowhere = one.directories ? child(root, '(no file known)') : null;
  for (let at = 0; at < one.name.length; at++) {
    const old = one.old[at] || 0;
    const now = one.new[at] || 0;
    const node = nowhere && one.unit[at] < 0 ? nowhere : place(one.unit[at], one.class[at]);
    node.leaves.push(at);
    const size = Math.max(old, now);
    const change = Math.abs(now - old);
    for (let up = node; up; up = up.parent) {
      up.old += old;
      up.new += now;
      up.size += size;
      up.change += change;
    }
  }
  // What no symbol covers. Padding is no payload, and often larger than all the rest.
  one.rest.forEach(([name, old, now], number) => {
    if (name === 'padding') {
      root.padding = one.name.length + number;
      return;
    }
    const bare = child(root, '(no symbol)');
    bare.leaves.push(one.name.length + number);
    for (const node of [bare, root]) {
      node.old += old || 0;
      node.new += now || 0;
      node.size += Math.max(old || 0, now || 0);
      node.change += Math.abs((now || 0) - (old || 0));
    }
  });
  if (nowhere && nowhere.leaves.length === 0) root.kids.delete(nowhere.name);
  return root;
}

/** What is in a node, largest first, as { node | leaf, name, old, new, area }. */
function inside(one, node, area) {
  node.sorted ||= {};
  if (node.sorted[area]) return node.sorted[area];
  const items = [];
  for (const kid of node.kids.values()) {
    items.push({ node: kid, leaf: -1, name: kid.name, old: kid.old, new: kid.new, area: area === 'change' ? kid.change : kid.size });
  }
  const padding = area === 'padded' && node.padding !== undefined ? [node.padding] : [];
  for (const leaf of [...node.leaves, ...padding]) {
    const rest = one.rest[leaf - one.name.length];
    const [name, old, now] = rest || [one.name[leaf], one.old[leaf], one.new[leaf]];
    const size = Math.max(old || 0, now || 0);
    const delta = (now || 0) - (old || 0);
    items.push({ node: null, leaf, name, old, new: now, area: area === 'change' ? Math.abs(delta) : size });
  }
  items.sort((a, b) => b.area - a.area || (a.name < b.name ? -1 : 1));
  node.sorted[area] = items;
  return items;
}

/** Squarified layout (Bruls, Huizing, van Wijk): calls `put(item, x, y, w, h)` until boxes vanish. */
function squarify(items, x, y, w, h, put) {
  let total = 0;
  for (const item of items) total += item.area;
  if (total <= 0) return;
  const scale = (w * h) / total;
  let at = 0;
  while (at < items.length && items[at].area > 0) {
    if (w < 1 || h < 1) return;
    const side = Math.min(w, h);
    let sum = 0;
    let worst = Infinity;
    let end = at;
    const largest = items[at].area * scale;
    while (end < items.length && items[end].area > 0) {
      const area = items[end].area * scale;
      const next = sum + area;
      const square = next * next;
      const ratio = Math.max((side * side * largest) / square, square / (side * side * area));
      if (ratio > worst) break;
      worst = ratio;
      sum = next;
      end++;
    }
    const thick = sum / side;
    let along = 0;
    for (; at < end; at++) {
      const long = (items[at].area * scale) / thick;
      if (w >= h) put(items[at], x, y + along, thick, long);
      else put(items[at], x + along, y, long, thick);
      along += long;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
  }
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** The colours of the map in the present theme; on paper always the light ones. */
class Palette {
  constructor(paper) {
    const root = document.documentElement;
    const kept = root.dataset.theme;
    if (paper) root.dataset.theme = 'light';
    for (const name of ['same', 'up', 'down']) this[name] = channels(colour(`--map-${name}`));
    this.edge = colour('--map-edge');
    this.back = colour('--map-back');
    this.head = colour('--map-head');
    this.text = colour('--text');
    this.ring = colour('--ring');
    root.dataset.theme = kept;
    this.made = new Map();
  }

  /** Of a change: grey for none, full for new or gone; small changes can be told from none. */
  of(old, now) {
    const most = Math.max(old || 0, now || 0);
    const delta = (now || 0) - (old || 0);
    const share = most === 0 ? 0 : Math.abs(delta) / most;
    const strength = delta === 0 ? 0 : Math.min(1, 0.12 + 0.88 * share ** 0.4);
    const step = Math.round(strength * 40) * Math.sign(delta);
    let found = this.made.get(step);
    if (!found) {
      const to = step > 0 ? this.up : this.down;
      const mix = Math.abs(step) / 40;
      const rgb = this.same.map((from, at) => Math.round(from + (to[at] - from) * mix));
      const light = rgb[0] * 0.299 + rgb[1] * 0.587 + rgb[2] * 0.114;
      found = { fill: `rgb(${rgb})`, text: light > 125 ? '#10151d' : '#ffffff' };
      this.made.set(step, found);
    }
    return found;
  }
}

/** The map itself: draws a node on a canvas and knows what is where. */
class Treemap {
  constructor(canvas) {
    this.canvas = canvas;
    this.boxes = [];
    this.here = -1;
  }

  /** Draws `node`; `chosen` is the row that is marked. */
  draw(one, node, area, chosen, paper) {
    const [width, height] = paper || [this.canvas.clientWidth, this.canvas.clientHeight];
    if (width === 0 || height === 0) return;
    const ratio = paper ? 2 : window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const pen = this.canvas.getContext('2d');
    pen.scale(ratio, ratio);
    pen.textBaseline = 'middle';
    this.colours = new Palette(paper);
    this.boxes = [];
    this.pen = pen;
    pen.fillStyle = this.colours.back;
    pen.fillRect(0, 0, width, height);
    this.fill(one, node, area, 0, 0, width, height, 0);
    const marked = this.boxes.find((box) => box.item.leaf >= 0 && box.item.leaf === chosen);
    if (marked) this.ring(marked, 2);
    if (this.here >= 0 && document.activeElement === this.canvas && !paper) {
      const top = this.top();
      if (top[this.here]) this.ring(top[this.here], 3);
    }
  }

  ring(box, thick) {
    const { pen } = this;
    pen.strokeStyle = this.colours.ring;
    pen.lineWidth = thick;
    pen.strokeRect(box.x + thick / 2, box.y + thick / 2, box.w - thick, box.h - thick);
  }

  fill(one, node, area, x, y, w, h, depth) {
    squarify(inside(one, node, area), x, y, w, h, (item, bx, by, bw, bh) => {
      this.box(one, item, area, bx, by, bw, bh, depth);
    });
  }

  box(one, item, area, x, y, w, h, depth) {
    const { pen, colours } = this;
    const look = colours.of(item.old, item.new);
    if (w * h >= 6) this.boxes.push({ item, x, y, w, h, depth });
    const gap = w > 5 && h > 5 ? 0.5 : 0;
    if (item.node && w > 14 && h > 14) {
      const named = w > 44 && h > 34;
      pen.fillStyle = named ? colours.head : colours.edge;
      pen.fillRect(x + gap, y + gap, w - 2 * gap, h - 2 * gap);
      const top = named ? 17 : 1.5;
      if (named) {
        pen.fillStyle = look.fill;
        pen.fillRect(x + 1, y + 1, 3, 15);
        pen.font = '600 11px system-ui, sans-serif';
        this.label(item.name, colours.text, x + 8, y + 9, w - 12, 7);
      }
      this.fill(one, item.node, area, x + 1.5, y + top, w - 3, h - top - 1.5, depth + 1);
      return;
    }
    pen.fillStyle = look.fill;
    pen.fillRect(x + gap, y + gap, Math.max(w - 2 * gap, 0.4), Math.max(h - 2 * gap, 0.4));
    if (w > 34 && h > 14) {
      pen.font = '11px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace';
      this.label(item.name, look.text, x + 4, h > 32 ? y + 10 : y + h / 2, w - 7);
      if (h > 32 && w > 50) {
        const delta = (item.new || 0) - (item.old || 0);
        const text = delta === 0 ? short(item.new || 0) : signed(delta);
        pen.globalAlpha = 0.8;
        this.label(text, look.text, x + 4, y + 24, w - 7);
        pen.globalAlpha = 1;
      }
    }
  }

  label(text, fill, x, y, room, wide = 6.7) {
    const { pen } = this;
    let shown = text;
    // Letters are about this wide; measuring every label would cost more than drawing it.
    const most = Math.floor(room / wide);
    if (shown.length > most) shown = most > 3 ? `${shown.slice(0, most - 1)}…` : '';
    if (!shown) return;
    pen.fillStyle = fill;
    pen.fillText(shown, x, y, room);
  }

  /** The boxes of the outermost level, in the order of their size. */
  top() {
    return this.boxes.filter((box) => box.depth === 0);
  }

  /** The innermost box at a point. */
  at(x, y) {
    for (let number = this.boxes.length - 1; number >= 0; number--) {
      const box = this.boxes[number];
      if (x >= box.x && x < box.x + box.w && y >= box.y && y < box.y + box.h) return box;
    }
    return null;
  }

  /** Moves to the next box in a direction, and returns its item. */
  step(key) {
    const top = this.top();
    if (top.length === 0) return null;
    const from = top[this.here];
    if (!from) {
      this.here = 0;
      return top[0].item;
    }
    const middle = (box) => [box.x + box.w / 2, box.y + box.h / 2];
    const [x, y] = middle(from);
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
    let best = -1;
    let least = Infinity;
    top.forEach((box, number) => {
      const [bx, by] = middle(box);
      const along = (bx - x) * way[0] + (by - y) * way[1];
      const aside = Math.abs((bx - x) * way[1]) + Math.abs((by - y) * way[0]);
      if (number === this.here || along <= 0.5) return;
      const far = along + 2 * aside;
      if (far < least) [best, least] = [number, far];
    });
    if (best >= 0) this.here = best;
    return top[this.here].item;
  }
}
