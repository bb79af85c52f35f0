import { h } from './dom.js';

const NUMBER = new Intl.NumberFormat('en');

const pad = (number) => String(number).padStart(2, '0');

/** In the time zone of the reader, to the second; with the date if it is not today's. */
export function clock(value) {
  const date = new Date(value);
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return date.toDateString() === new Date().toDateString() ? time : `${day} ${time}`;
}

/** A time element, with the exact time in its title. */
export function time(value) {
  return h('time', { datetime: value, title: value, text: clock(value) });
}

/** The two largest units that say something: `12 ms`, `4.2 s`, `3 min`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  const min = s / 60;
  if (min < 10 && Math.floor(s % 60) > 0) return `${Math.floor(min)} min ${Math.floor(s % 60)} s`;
  if (min < 60) return `${Math.floor(min)} min`;
  if (min < 1440) return joined(Math.floor(min / 60), 'h', Math.floor(min % 60), 'min');
  return joined(Math.floor(min / 1440), 'd', Math.floor((min % 1440) / 60), 'h');
}

function joined(large, unit, small, smaller) {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`;
}

export function since(value) {
  return duration(Date.now() - Date.parse(value));
}

/** Seconds, for axes and figures. */
export function seconds(value) {
  return value === null || value === undefined ? '–' : duration(value * 1000);
}

/** A number, or that it was counted no further. */
export function count(value, countedTo = Infinity) {
  if (value === null || value === undefined) return '–';
  return value >= countedTo ? `${NUMBER.format(countedTo)}+` : NUMBER.format(value);
}

export function rate(value) {
  if (value === null || value === undefined) return '–';
  return value === 0 ? '0' : value < 10 ? value.toFixed(1) : NUMBER.format(Math.round(value));
}

/** A text of the server with times as `[[ISO 8601]]`. */
export function withTimes(text) {
  return text.split(/(\[\[[^\]]+\]\])/).map((part) => (part.startsWith('[[') ? time(part.slice(2, -2)) : part));
}
