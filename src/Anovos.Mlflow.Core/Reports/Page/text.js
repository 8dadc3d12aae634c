// Formats numbers, times and sizes.

// The page's JSON has values that are not JSON numbers as strings: "NaN", "Infinity".
const toNumber = value => typeof value === 'string' ? Number(value) : value;

function number(value) {
    const n = toNumber(value);
    if (n === null || n === undefined)
        return '–';
    if (Number.isNaN(n))
        return 'NaN';
    if (!Number.isFinite(n))
        return n > 0 ? '∞' : '−∞';
    if (Number.isInteger(n) && Math.abs(n) < 1e15)
        return n.toLocaleString('en-US').replace('-', '−').replaceAll(',', '\u2009');
    const size = Math.abs(n);
    const text = size >= 1e6 || size < 1e-4 ? n.toExponential(3).replace(/\.?0+e/, 'e') : String(Number(n.toPrecision(5)));
    return text.replace('-', '−');
}

function percent(part) {
    const value = 100 * part;
    const text = Math.abs(value) >= 1000 ? value.toExponential(1) : value.toFixed(Math.abs(value) < 10 ? 1 : 0);
    return (value > 0 ? '+' : '') + text.replace('-', '−') + '\u2009%';
}

function duration(seconds) {
    const s = toNumber(seconds);
    if (s === null || s === undefined || !Number.isFinite(s))
        return '–';
    if (s < 1)
        return `${Math.round(1000 * s)} ms`;
    if (s < 100)
        return `${s < 10 ? s.toFixed(2) : s.toFixed(1)} s`;
    const whole = Math.round(s), hours = Math.floor(whole / 3600), minutes = Math.floor(whole % 3600 / 60);
    const two = n => String(n).padStart(2, '0');
    return hours > 0 ? `${hours} h ${two(minutes)} min` : `${minutes} min ${two(whole % 60)} s`;
}

function bytes(length) {
    if (length === null || length === undefined)
        return '';
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let value = length, unit = 0;
    for (; value >= 1024 && unit < units.length - 1; unit++)
        value /= 1024;
    return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

const time = milliseconds => milliseconds > 0 ? new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ') : '–';

const count = (n, one, many = one + 's') => `${number(n)} ${n === 1 ? one : many}`;

const few = (names, most = 3) => names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
