// The panel of the map: where we are, what is there as a table, and how to move with mouse and keys.

function mapPanel(data, detail) {
  const panel = $('#map');
  if (!panel) return;
  const canvas = el('canvas', {
    tabindex: 0, role: 'application', 'aria-roledescription': 'treemap',
    'aria-describedby': 'map-keys', 'aria-label': 'Map of sizes. The table beside it has the same contents',
  });
  const map = new Treemap(canvas);
  const tip = el('div', { class: 'tip', hidden: true });
  const crumbs = el('nav', { class: 'crumbs', 'aria-label': 'Place in the map' });
  const areas = el('select', {
    'aria-label': 'What areas mean',
    onchange: () => go({ area: areas.value }),
  }, el('option', { value: 'size' }, 'area: size'),
  el('option', { value: 'padded' }, 'area: size with padding'), el('option', { value: 'change' }, 'area: change'));
  const note = el('p', { class: 'note' });
  const list = el('div', { role: 'region', 'aria-label': 'Contents of the map', tabindex: 0 });
  const legend = el('div', { class: 'legend', 'aria-hidden': 'true' },
    el('span', {}, 'gone'), el('span', { class: 'ramp' }), el('span', {}, 'new'));
  const keys = el('p', { id: 'map-keys', class: 'hint' },
    'Click a box to go in. Keys: arrows, Enter to go in, Backspace or Esc to go out.');
  const stage = el('div', { class: 'stage' }, canvas, tip);
  const side = el('div', { class: 'side' }, list, detail.place('map'));
  $('.body', panel).replaceChildren(
    el('div', { class: 'bar' }, crumbs, el('span', { class: 'grow' }), legend, areas), note,
    el('div', { class: 'split' }, el('div', { class: 'left' }, stage, keys), side),
  );

  let one = null;
  let root = null;
  let node = null;
  let area = 'size';
  let items = [];
  const trees = new Map();

  const delta = (item) => (item.new || 0) - (item.old || 0);
  const enter = (item) => {
    if (item.node) go({ at: item.node.path, symbol: '', of: '' }, true);
    else if (item.leaf < one.name.length) go(detail.link(item.leaf), false);
  };
  const leave = () => {
    if (node.parent) go({ at: node.parent.path }, true);
  };
  const sorters = {
    name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    new: (a, b) => (a.new || 0) - (b.new || 0),
    delta: (a, b) => delta(a) - delta(b),
  };
  let sorted = '-area';
  const table = new LongTable(list, {
    caption: 'What is here',
    empty: 'Nothing is here.',
    columns: [
      { key: 'name', title: 'Name', cls: 'name',
        cell: (at) => el('span', { title: items[at].name, class: items[at].node ? 'dir' : 'mono' },
          items[at].node?.kids.size > 0 ? `${items[at].name}/` : items[at].name) },
      { key: 'new', title: 'After', num: true, down: true, cell: (at) => grouped(items[at].new) },
      { key: 'delta', title: 'Change', num: true, down: true,
        cell: (at) => el('span', { class: tone(delta(items[at])) }, signed(delta(items[at]))) },
    ],
    pick: (at) => enter(items[at]),
    order: (key) => {
      sorted = key;
      fill();
    },
  });

  function fill() {
    const rows = items.map((_, at) => at);
    const key = sorted.replace('-', '');
    const way = sorted.startsWith('-') ? -1 : 1;
    if (sorters[key]) rows.sort((a, b) => sorters[key](items[a], items[b]) * way);
    table.set(rows, sorted);
  }

  const draw = () => map.draw(one, node, area, detail.row());
  const redraw = framed(() => {
    if (node && !panel.classList.contains('off')) draw();
  });

  /** The node of a path, or the nearest one above it. */
  function find(path) {
    let found = root;
    while (found.path !== path) {
      const kids = [...found.kids.values()];
      const next = kids.find((kid) => path === kid.path || path.startsWith(`${kid.path}/`));
      if (!next) break;
      found = next;
    }
    return found;
  }

  function show(force) {
    if (panel.classList.contains('off') && !force) return;
    const wanted = data.comparisons[Number(state.cmp)] || data.comparisons[0];
    const mode = state.area || (wanted.whole ? 'size' : 'change');
    if (one !== wanted) {
      one = wanted;
      if (!trees.has(one)) trees.set(one, plant(one));
      root = trees.get(one);
      node = null;
      note.textContent = one.note;
    }
    const next = find(state.at);
    if (next === node && mode === area) {
      redraw();
      return;
    }
    const from = node;
    [node, area] = [next, mode];
    areas.value = area;
    map.here = -1;
    items = inside(one, node, area);
    list.scrollTop = 0;
    fill();
    const path = [];
    for (let up = node; up; up = up.parent) path.unshift(up);
    crumbs.replaceChildren(...path.map((up, at) => {
      const name = up.parent ? up.name : 'all';
      if (at === path.length - 1) return el('b', { 'aria-current': 'location' }, name);
      return el('button', { type: 'button', onclick: () => go({ at: up.path }, true) }, name);
    }), el('span', { class: 'sum' }, `${grouped(node.new)} bytes, `,
      el('span', { class: tone(node.new - node.old) }, signed(node.new - node.old))));
    announce(`${node.path || 'all'}: ${plural(items.length, 'box', 'boxes')}, ${grouped(node.new)} bytes`);
    draw();
    // Whoever comes out stands where he was.
    map.here = Math.max(0, map.top().findIndex((box) => box.item.node && box.item.node === from));
    if (document.activeElement === canvas) draw();
  }

  const words = (item) => `${item.name}: ${grouped(item.old)} → ${grouped(item.new)} bytes, ${signed(delta(item))}`;
  canvas.addEventListener('pointermove', (event) => {
    const box = map.at(event.offsetX, event.offsetY);
    tip.hidden = !box;
    if (!box) return;
    const { item } = box;
    const of = item.node ? item.node.path : item.leaf < one.name.length ? detail.where(one, item.leaf) : '';
    tip.replaceChildren(el('b', { class: 'mono' }, item.name), el('br'),
      `${grouped(item.old)} → ${grouped(item.new)} bytes `,
      el('span', { class: tone(delta(item)) }, `${signed(delta(item))} (${percent(item.old, delta(item))})`),
      el('br'), el('span', { class: 'dim' }, of));
    const left = Math.min(event.offsetX + 14, canvas.clientWidth - tip.offsetWidth - 4);
    const below = event.offsetY + 18 + tip.offsetHeight < canvas.clientHeight;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${below ? event.offsetY + 18 : Math.max(4, event.offsetY - tip.offsetHeight - 10)}px`;
  });
  canvas.addEventListener('pointerleave', () => { tip.hidden = true; });
  canvas.addEventListener('click', (event) => {
    const box = map.at(event.offsetX, event.offsetY);
    if (!box) return;
    // A symbol is chosen where it can be read; otherwise a click goes one level in.
    const outer = map.boxes.find((other) => other.depth === 0 && other.item.node
      && box.x >= other.x && box.x < other.x + other.w && box.y >= other.y && box.y < other.y + other.h);
    if (box.item.node || (outer && (box.w < 34 || box.h < 14))) enter((outer || box).item);
    else enter(box.item);
  });
  canvas.addEventListener('keydown', (event) => {
    if (event.key.startsWith('Arrow')) {
      event.preventDefault();
      const item = map.step(event.key);
      if (item) announce(words(item));
      draw();
    } else if (event.key === 'Enter') {
      const box = map.top()[map.here];
      if (box) enter(box.item);
    } else if (event.key === 'Backspace' || event.key === 'Escape') {
      event.preventDefault();
      leave();
    }
  });
  canvas.addEventListener('focus', () => {
    if (map.here < 0) map.here = 0;
    draw();
  });
  canvas.addEventListener('blur', () => draw());
  new ResizeObserver(redraw).observe(canvas);
  window.addEventListener('themechange', redraw);
  watchState(() => show(false));
  show(false);
  papers.push({
    before: () => {
      show(true);
      map.draw(one, node, area, -1, [1040, 560]);
      table.print(40);
    },
    after: () => {
      table.printed();
      redraw();
    },
  });
}

/** What has to be drawn for paper, and put back afterwards. */
const papers = [];
