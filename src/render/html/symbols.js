// The panel of symbols: search, filters, one long table, and what is known of the chosen one.

/** The chosen symbol, wherever it is shown. */
class Detail {
  constructor(data) {
    this.data = data;
    this.places = [];
    watchState(() => this.show());
  }

  one() {
    return this.data.comparisons[Number(state.cmp)] || this.data.comparisons[0];
  }

  /** The row that the address names, or -1. */
  row() {
    const one = this.one();
    if (!one || !state.symbol) return -1;
    const key = `${state.cmp}\n${state.symbol}\n${state.of}`;
    if (this.key === key) return this.found;
    let at = one.name.indexOf(state.symbol);
    while (at >= 0 && state.of && this.id(one, at) !== state.of) at = one.name.indexOf(state.symbol, at + 1);
    [this.key, this.found] = [key, at];
    return at;
  }

  /** What tells symbols of one name apart. */
  id(one, row) {
    const nth = one.nth[row];
    return `${one.units[one.unit[row]] || ''}${nth ? `#${nth[0]}` : ''}`;
  }

  where(one, row) {
    return one.units[one.unit[row]] || '';
  }

  /** The state in which a row is chosen. */
  link(row) {
    return { symbol: this.one().name[row], of: this.id(this.one(), row) };
  }

  /** A new place that shows the chosen symbol. */
  place(tab) {
    const place = el('aside', { class: 'detail', 'aria-label': 'The chosen symbol' });
    this.places.push([tab, place]);
    return place;
  }

  show() {
    const row = this.row();
    for (const [tab, place] of this.places) {
      place.classList.toggle('empty', row < 0);
      place.replaceChildren(...(row < 0 ? this.nothing() : this.contents(row, tab)));
    }
  }

  nothing() {
    const text = state.symbol ? `There is no symbol ${state.symbol} here.`
      : 'Choose a symbol to see what is known of it.';
    return [el('p', { class: 'dim' }, text)];
  }

  contents(row, tab) {
    const one = this.one();
    const [old, now] = [one.old[row], one.new[row]];
    const delta = (now || 0) - (old || 0);
    const fact = (name, ...value) => [el('dt', {}, name), el('dd', {}, ...value)];
    const unit = this.where(one, row);
    const nth = one.nth[row];
    const facts = [
      ...fact('Before', old === null ? 'not there' : `${grouped(old)} bytes`),
      ...fact('After', now === null ? 'not there' : `${grouped(now)} bytes`),
      ...fact('Change', el('span', { class: tone(delta) }, `${signed(delta)} bytes (${percent(old, delta)})`)),
      ...fact('Class', one.classes[one.class[row]] || 'unknown'),
    ];
    if (unit) facts.push(...fact(one.directories ? 'Object' : 'File', el('span', { class: 'mono' }, unit)));
    if (one.was[row]) facts.push(...fact('Was', el('span', { class: 'mono' }, one.was[row])));
    if (nth) facts.push(...fact('Same name', `number ${nth[0]} of ${nth[1]}`));
    const up = one.directories ? unit : [one.classes[one.class[row]], unit].filter(Boolean).join('/');
    const other = tab === 'map'
      ? el('button', { type: 'button', onclick: () => go({ tab: 'symbols' }, true) }, 'Show in the table')
      : el('button', { type: 'button', onclick: () => go({ tab: 'map', at: up }, true) }, 'Show on the map');
    return [
      el('h3', { class: 'mono' }, one.name[row]),
      el('dl', {}, ...facts),
      ...this.gates(one, row),
      el('div', { class: 'buttons' }, other,
        el('button', { type: 'button', onclick: () => go({ symbol: '', of: '' }) }, 'Close')),
    ];
  }

  /** The chain of a row, or what an audit of the same symbol says. */
  chain(one, row) {
    if (one.gates[row]) return [one.gates[row], ''];
    for (const other of this.data.comparisons.filter((it) => it.whys.length > 0)) {
      const at = other.name.findIndex((name, at) => name === one.name[row]
        && other.old[at] === one.old[row] && other.new[at] === one.new[row]);
      if (at >= 0 && other.gates[at]) return [other.gates[at], `, by ${other.title}`];
    }
    return [null, ''];
  }

  /** Why the symbol is there: what must hold, fact by fact. */
  gates(one, row) {
    const [chain, from] = this.chain(one, row);
    if (!chain) return [];
    const hops = chain.map(([text, place]) => el('li', {}, text,
      place ? el('span', { class: 'place mono' }, place) : null));
    return [el('h4', {}, `Why it is there${from}`), el('ol', { class: 'chain' }, ...hops)];
  }
}

const CHANGES = ['new', 'gone', 'larger', 'smaller', 'renamed', 'same'];

/** How a row changed, as a number into CHANGES. */
function changeOf(one, row) {
  const [old, now] = [one.old[row], one.new[row]];
  if (old === null) return 0;
  if (now === null) return 1;
  if (now > old) return 2;
  if (now < old) return 3;
  return one.was[row] ? 4 : 5;
}

/** A test of names: `/pattern/`, or words that must all occur. */
function matcher(text) {
  const wrapped = text.match(/^\/(.+)\/$/);
  if (wrapped) {
    try {
      const pattern = new RegExp(wrapped[1], 'i');
      return (name) => pattern.test(name);
    } catch {
      return null;
    }
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (name) => {
    const lower = name.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
}

function symbolPanel(data, detail) {
  const panel = $('#symbols');
  if (!panel) return;
  let one = null;
  let kinds = null;
  const search = el('input', {
    type: 'search', placeholder: 'Search symbols and files, or /pattern/', 'aria-label': 'Search symbols',
    spellcheck: 'false', autocomplete: 'off', 'data-search': true,
  });
  const chips = CHANGES.map((name) => el('button', {
    type: 'button', class: 'chip', 'aria-pressed': 'false', 'data-change': name,
    onclick: () => {
      const on = new Set(state.show.split(',').filter(Boolean));
      if (!on.delete(name)) on.add(name);
      go({ show: [...on].join(',') });
    },
  }));
  const classes = el('select', {
    'aria-label': 'Class of bytes',
    onchange: () => go({ class: classes.value }),
  });
  const sum = el('p', { class: 'sum', role: 'status' });
  const list = el('div', { role: 'region', 'aria-label': 'Symbols', tabindex: 0 });
  const whys = el('select', {
    'aria-label': 'Why it is there',
    onchange: () => go({ why: whys.value }),
  });
  const delta = (row) => (one.new[row] || 0) - (one.old[row] || 0);
  const table = new LongTable(list, {
    caption: 'Symbols and how they changed',
    empty: 'No symbol is like that.',
    columns: [
      { key: 'name', title: 'Symbol', cls: 'name mono',
        cell: (row) => el('span', { title: one.name[row] }, one.name[row]) },
      { key: 'unit', title: 'Object', cls: 'unit',
        cell: (row) => el('span', { title: detail.where(one, row) }, detail.where(one, row)) },
      { key: 'class', title: 'Class', cls: 'kind', cell: (row) => one.classes[one.class[row]] || '' },
      { key: 'old', title: 'Before', num: true, down: true, cls: 'wide', cell: (row) => grouped(one.old[row]) },
      { key: 'new', title: 'After', num: true, down: true, cell: (row) => grouped(one.new[row]) },
      { key: 'delta', title: 'Change', num: true, down: true,
        cell: (row) => el('span', { class: tone(delta(row)) }, signed(delta(row))) },
      { key: 'percent', title: '%', num: true, down: true, cls: 'wide',
        cell: (row) => percent(one.old[row], delta(row)) },
    ],
    pick: (row) => go(detail.link(row)),
    order: (key) => go({ sort: key }),
  });
  $('.body', panel).replaceChildren(
    el('div', { class: 'bar' }, search, classes, whys, el('div', { class: 'chips', role: 'group', 'aria-label': 'Changes' }, ...chips)),
    sum, el('div', { class: 'split rows' }, el('div', { class: 'left' }, list), el('div', { class: 'side' }, detail.place('symbols'))),
  );

  const share = (row) => (one.old[row] ? delta(row) / one.old[row] : one.new[row] ? Infinity : 0);
  const ranks = {};
  /** Numbers in the order of texts, made once: then sorting compares numbers. */
  const rank = (key, text) => {
    ranks[key] ||= new Map();
    let found = ranks[key].get(one);
    if (!found) {
      const order = Array.from(one.name.keys());
      const texts = order.map(text);
      order.sort((a, b) => (texts[a] < texts[b] ? -1 : texts[a] > texts[b] ? 1 : a - b));
      found = new Int32Array(order.length);
      order.forEach((row, at) => { found[row] = at; });
      ranks[key].set(one, found);
    }
    return (row) => found[row];
  };
  const values = {
    name: () => rank('name', (row) => one.name[row]),
    unit: () => rank('unit', (row) => detail.where(one, row)),
    class: () => (row) => one.class[row],
    old: () => (row) => one.old[row] ?? -1,
    new: () => (row) => one.new[row] ?? -1,
    delta: () => delta,
    percent: () => share,
    abs: () => (row) => Math.abs(delta(row)),
  };
  let last = '';
  function show(force) {
    if (panel.classList.contains('off') && !force) return;
    const wanted = detail.one();
    if (one !== wanted) {
      one = wanted;
      last = '';
      kinds = new Uint8Array(one.name.length);
      const counts = CHANGES.map(() => 0);
      for (let row = 0; row < kinds.length; row++) counts[(kinds[row] = changeOf(one, row))]++;
      chips.forEach((chip, at) => {
        chip.textContent = `${CHANGES[at]} ${grouped(counts[at])}`;
        chip.hidden = counts[at] === 0;
      });
      classes.replaceChildren(el('option', { value: '' }, 'all classes'),
        ...one.classes.map((name) => el('option', { value: name }, name)));
      whys.hidden = one.whys.length === 0;
      whys.replaceChildren(el('option', { value: '' }, 'all reasons'),
        ...one.whys.map((text) => el('option', { value: text }, text)));
    }
    if (document.activeElement !== search) search.value = state.q;
    classes.value = state.class;
    whys.value = state.why;
    const on = state.show.split(',').filter(Boolean);
    for (const chip of chips) chip.setAttribute('aria-pressed', on.includes(chip.dataset.change));
    const key = [state.q, state.show, state.class, state.why, state.sort].join('\n');
    if (key !== last) {
      last = key;
      filter(on);
    }
    if (table.chosen !== detail.row()) table.choose(detail.row(), true);
  }

  function filter(on) {
    const test = state.q ? matcher(state.q) : () => true;
    search.setAttribute('aria-invalid', test === null);
    const wanted = on.length > 0 ? CHANGES.map((name) => on.includes(name)) : null;
    const kind = one.classes.indexOf(state.class);
    const why = one.whys.indexOf(state.why);
    let rows = [];
    let up = 0;
    let down = 0;
    for (let row = 0; row < one.name.length; row++) {
      if (wanted && !wanted[kinds[row]]) continue;
      if (kind >= 0 && one.class[row] !== kind) continue;
      if (why >= 0 && one.why[row] !== why) continue;
      if (state.q && !(test && test(`${one.name[row]} ${detail.where(one, row)}`))) continue;
      rows.push(row);
      const change = delta(row);
      if (change > 0) up += change;
      else down += change;
    }
    const sort = state.sort || '-abs';
    const value = (values[sort.replace('-', '')] || values.abs)();
    const way = sort.startsWith('-') ? -1 : 1;
    const keys = new Float64Array(one.name.length);
    for (const row of rows) keys[row] = value(row);
    rows = Int32Array.from(rows).sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      return x < y ? -way : x > y ? way : a - b;
    });
    list.scrollTop = 0;
    table.set(rows, sort);
    sum.replaceChildren(`${plural(rows.length, 'symbol')}: `, el('span', { class: 'up' }, signed(up)), ' ',
      el('span', { class: 'down' }, signed(down)), ' = ', el('b', { class: tone(up + down) }, signed(up + down)), ' bytes',
      state.sort ? '' : ', the largest changes first', one.hidden ? `; ${grouped(one.hidden)} more are not in the input` : '');
  }

  search.addEventListener('input', later(() => go({ q: search.value }), 60));
  search.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      search.value = '';
      go({ q: '' });
      search.blur();
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      table.to_row(0, true);
    }
  });
  watchState(() => show(false));
  show(false);
  papers.push({
    before: () => {
      show(true);
      table.print(150);
    },
    after: () => table.printed(),
  });
}
