// What all parts of the page use: elements, numbers, the data, and the state that is in the address.
//
// Nothing that comes from the data is ever markup: text goes into text nodes, never into HTML.

const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

/** A new element. Attributes with null are left out; children are elements or text. */
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const MINUS = '\u2212';
const digits = new Intl.NumberFormat('en-US');

/** `4,194,304`; a dash for what is not there. */
const grouped = (number) => (number === null ? '\u2013' : digits.format(number));

/** `+842`, `−4,754`, `0`. */
function signed(number) {
  if (number === 0) return '0';
  return (number > 0 ? '+' : MINUS) + digits.format(Math.abs(number));
}

/** A change in percent, with as many digits as it needs. */
function percent(old, delta) {
  if (delta === 0) return '0%';
  if (!old) return 'new';
  const value = (delta * 100) / old;
  const size = Math.abs(value);
  const places = size < 0.01 ? 4 : size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return (value > 0 ? '+' : MINUS) + size.toFixed(places) + '%';
}

/** `12.4 KiB`: for boxes that have no room for all digits. */
function short(bytes) {
  const size = Math.abs(bytes);
  if (size < 1024) return `${bytes} B`.replace('-', MINUS);
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  const power = Math.min(Math.floor(Math.log2(size) / 10), units.length);
  const value = size / 2 ** (10 * power);
  const sign = bytes < 0 ? MINUS : '';
  return `${sign}${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[power - 1]}`;
}

const plural = (count, one, many = one + 's') => `${grouped(count)} ${count === 1 ? one : many}`;

/** The class that colours a change. */
const tone = (delta) => (delta > 0 ? 'up' : delta < 0 ? 'down' : 'zero');

/** Says something to whoever can't see it. */
function announce(text) {
  $('#live').textContent = text;
}

/** Calls at most once a frame. */
function framed(call) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      call();
    });
  };
}

/** Calls when nothing has come for a while. */
function later(call, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(call, wait);
  };
}

/** The data of the page: JSON, deflated, in base64. */
async function unpack() {
  const text = $('#data').textContent;
  const raw = atob(text.trim());
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at++) bytes[at] = raw.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return JSON.parse(await new Response(stream).text());
}

// The state of the page is what its address says behind the #, so that a link leads to what it shows.

const DEFAULTS = {
  tab: 'overview', cmp: '0', symbol: '', of: '', q: '', show: '', class: '', sort: '', at: '',
  area: '', why: '', fq: '', rule: '', severity: '', arch: '', finding: '',
};
let state = { ...DEFAULTS };
const listeners = [];

function readState() {
  const hash = location.hash.slice(1);
  const words = new URLSearchParams(hash.includes('=') ? hash : `tab=${hash}`);
  const next = { ...DEFAULTS };
  for (const key of Object.keys(DEFAULTS)) if (words.has(key)) next[key] = words.get(key);
  if (!words.has('tab')) {
    if (next.symbol || next.q) next.tab = 'symbols';
    else if (next.at) next.tab = 'map';
    else if (next.finding || next.fq || next.rule) next.tab = 'findings';
  }
  if (!$(`[data-panel="${CSS.escape(next.tab)}"]`)) next.tab = DEFAULTS.tab;
  state = next;
}

function address() {
  const words = new URLSearchParams();
  for (const [key, value] of Object.entries(state)) if (value !== DEFAULTS[key]) words.set(key, value);
  if (!words.has('tab') && words.size > 0) words.set('tab', state.tab);
  return `#${words}`;
}

/** Changes the state. A step is something to go back from. */
function go(change, step = false) {
  const before = state;
  state = { ...state, ...change };
  const to = address();
  if (to !== location.hash) history[step ? 'pushState' : 'replaceState'](null, '', to);
  for (const listener of listeners) listener(state, before);
}

function watchState(listener) {
  listeners.push(listener);
}

window.addEventListener('popstate', () => {
  const before = state;
  readState();
  for (const listener of listeners) listener(state, before);
});

// Light, dark, or as the system has it.

function theme() {
  const button = $('#theme');
  const order = ['auto', 'light', 'dark'];
  const keep = (value) => {
    // Files may have no storage.
    try { localStorage.setItem('hmmsize-theme', value); } catch { /* it is forgotten */ }
  };
  const kept = () => {
    try { return localStorage.getItem('hmmsize-theme'); } catch { return null; }
  };
  const set = (value) => {
    document.documentElement.dataset.theme = value;
    button.textContent = { auto: '◐ Auto', light: '☀ Light', dark: '☾ Dark' }[value];
    button.setAttribute('aria-label', `Colours: ${value}. Change`);
    window.dispatchEvent(new Event('themechange'));
  };
  button.hidden = false;
  button.addEventListener('click', () => {
    const now = document.documentElement.dataset.theme || 'auto';
    const next = order[(order.indexOf(now) + 1) % order.length];
    keep(next);
    set(next);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    window.dispatchEvent(new Event('themechange'));
  });
  const first = kept();
  set(order.includes(first) ? first : 'auto');
}

/** The colour of this name in the style sheet, now. */
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Lets what fills the window end where the window ends. */
function fit() {
  for (const split of $$('.split')) {
    const box = split.getBoundingClientRect();
    if (box.width > 0) split.style.setProperty('--used', `${Math.round(box.top + scrollY + 26)}px`);
  }
}

// Tabs: one panel at a time. Without scripts, and on paper, all are there.

function tabs() {
  document.documentElement.classList.add('js');
  const list = $('#tabs');
  list.setAttribute('role', 'tablist');
  const all = $$('a', list);
  for (const tab of all) {
    const panel = $(`#${tab.dataset.tab}`);
    tab.setAttribute('role', 'tab');
    tab.setAttribute('aria-controls', panel.id);
    tab.id = `tab-${panel.id}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', tab.id);
    tab.addEventListener('click', (event) => {
      event.preventDefault();
      go({ tab: tab.dataset.tab }, true);
    });
  }
  list.addEventListener('keydown', (event) => {
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const next = all[(to + all.length) % all.length];
    next.focus();
    go({ tab: next.dataset.tab }, true);
  });
  const show = () => {
    for (const tab of all) {
      const on = tab.dataset.tab === state.tab;
      tab.setAttribute('aria-selected', on);
      tab.tabIndex = on ? 0 : -1;
      $(`#${tab.dataset.tab}`).classList.toggle('off', !on);
      if (on) tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    }
  };
  watchState((now, before) => {
    if (now.tab !== before.tab) show();
  });
  show();
}
