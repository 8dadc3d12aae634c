// Creates elements. Data of runs enters the document only as text.

function el(name, properties, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties ?? {})) {
        if (value === undefined || value === null || value === false)
            continue;
        if (key === 'class')
            element.className = value;
        else
            element.setAttribute(key, value === true ? '' : value);
    }
    element.append(...children.flat().filter(child => child !== null && child !== undefined && child !== false));
    return element;
}

// An address with another scheme could be a script.
function link(address, ...children) {
    const isPage = /^https?:\/\//i.test(address ?? '');
    return isPage ? el('a', { href: address, rel: 'noopener noreferrer', target: '_blank' }, ...children) : el('span', null, ...children);
}

function section(id, title, hint, ...children) {
    document.getElementById('contents').append(el('a', { href: `#${id}` }, title));
    const made = el('section', { id, 'aria-labelledby': `${id}-title` }, el('h2', { id: `${id}-title` }, title), hint ? el('p', { class: 'hint' }, hint) : null, ...children.filter(child => child !== null));
    document.getElementById('main').append(made);
    return made;
}

const folded = (summary, ...children) => el('details', null, el('summary', null, summary), ...children);

// More than eight colours cannot be distinguished.
const MostColours = 8;
const isColoured = () => report.runs.length <= MostColours;

const badge = run => el('span', { class: isColoured() ? `badge run${run}` : 'badge' }, String(run + 1));

const runName = run => report.runs[run].name || report.runs[run].id;

// A long text shows its beginning; the rest can be unfolded.
const LongText = 240;

function words(text) {
    if (text.length <= LongText)
        return el('div', { class: 'value' }, text);
    return el('details', { class: 'value' }, el('summary', null, `${text.slice(0, LongText / 2)} …`), text);
}
