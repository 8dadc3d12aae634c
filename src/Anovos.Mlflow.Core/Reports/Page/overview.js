// The first facts for an operator: how the runs ended, how long they took, what drifted.

const statusMarks = { Finished: '✓', Failed: '✕', Killed: '■', Running: '▶', Scheduled: '○' };

const status = run => el('span', { class: `status ${run.status}` }, `${statusMarks[run.status] ?? ''} ${run.status}`);

function flaggedIn(run) {
    return [...new Set(report.drift.flatMap(table => table.rows.filter(row => row.flags[run]).map(row => row.attribute)))];
}

function slowestIn(run) {
    const steps = report.steps.map(step => ({ key: step.key, seconds: toNumber(step.values[run]) })).filter(step => step.seconds !== null && Number.isFinite(step.seconds));
    return steps.length ? steps.reduce((slowest, step) => step.seconds > slowest.seconds ? step : slowest) : null;
}

const stepName = key => key.replaceAll('/', ' › ');

function fact(label, figure, kind, more) {
    return el('div', null, el('dt', null, label), el('dd', null, el('span', { class: kind ? `figure ${kind}` : 'figure' }, figure), more ? el('span', { class: 'more' }, more) : null));
}

function facts() {
    const runs = report.runs, last = runs.length - 1, made = [];
    const lost = runs.filter(run => run.status === 'Failed' || run.status === 'Killed').length;
    const states = Object.entries(Object.groupBy(runs, run => run.status)).map(([state, of]) => `${of.length} ${state.toLowerCase()}`).join(', ');
    made.push(runs.length === 1
        ? fact('Status', `${statusMarks[runs[0].status] ?? ''} ${runs[0].status}`, lost ? 'bad' : '', `started ${time(runs[0].start)}`)
        : fact('Runs', number(runs.length), lost ? 'bad' : '', states));
    const times = runs.map(run => run.seconds).filter(seconds => seconds !== undefined && seconds !== null).sort((one, other) => one - other);
    if (times.length > 0)
        made.push(times.length === 1 ? fact('Duration', duration(times[0])) : fact('Median duration', duration(times[Math.floor((times.length - 1) / 2)]), '', `${duration(times[0])} to ${duration(times.at(-1))}`));
    const slowest = runs.map((_, run) => ({ run, ...slowestIn(run) })).filter(step => step.key).sort((one, other) => other.seconds - one.seconds)[0];
    if (slowest)
        made.push(fact('Slowest step', duration(slowest.seconds), '', `${stepName(slowest.key)}${runs.length > 1 ? `, in run ${slowest.run + 1}` : ''}`));
    const cost = name => toNumber(report.system.find(row => `/${row.key}`.endsWith(`/workflow/${name}`))?.values[last]);
    if (Number.isFinite(cost('cpu_seconds')))
        made.push(fact(runs.length > 1 ? 'CPU time of the latest run' : 'CPU time', duration(cost('cpu_seconds')), '', `at most ${bytes(1e6 * cost('memory_peak_megabytes'))} of memory`));
    if (report.drift.length > 0) {
        const now = flaggedIn(last), first = flaggedIn(0), fresh = now.filter(name => !first.includes(name));
        made.push(fact(runs.length > 1 ? 'Flagged in the latest run' : 'Flagged attributes', number(now.length), now.length ? 'warn' : '',
            runs.length > 1 ? `${fresh.length ? `new since run 1: ${few(fresh)}` : 'none that was not in run 1'}` : few(now, 5)));
    }
    if (runs.length > 1 && report.params.length > 0)
        made.push(fact('Params that differ', number(report.params.filter(row => !row.equal).length), '', `of ${report.params.length}`));
    return el('dl', { class: 'facts' }, ...made);
}

function overview() {
    const runs = report.runs, longest = Math.max(...runs.map(run => run.seconds ?? 0));
    const experiments = new Set(runs.map(run => run.experiment)).size > 1, steps = report.steps.length > 0, drift = report.drift.length > 0;
    const head = ['Run', 'Status', experiments ? 'Experiment' : null, 'Started', 'Duration', steps ? 'Slowest step' : null, drift ? 'Flagged' : null].filter(text => text);
    const rows = runs.flatMap((run, index) => {
        const slowest = slowestIn(index), flagged = flaggedIn(index), isLost = run.status === 'Failed' || run.status === 'Killed';
        const row = el('tr', { class: [isLost ? 'failed' : '', run.note ? 'noted' : ''].join(' ') },
            el('th', { scope: 'row' }, badge(index), ' ', link(run.page, runName(index)), el('span', { class: 'small mono id' }, run.id), run.parent ? el('span', { class: 'small' }, `nested in ${run.parent}`) : null, run.deleted ? el('span', { class: 'small alert' }, 'in the trash') : null),
            el('td', null, status(run)),
            experiments ? el('td', null, run.experiment) : null,
            el('td', { class: 'time' }, time(run.start), el('span', { class: 'small' }, run.user)),
            el('td', { class: 'time' }, duration(run.seconds), run.seconds ? bar(run.seconds, longest) : null),
            steps ? el('td', null, slowest ? [stepName(slowest.key), el('span', { class: 'small' }, duration(slowest.seconds))] : '–') : null,
            drift ? el('td', null, flagged.length ? [el('span', { class: 'flag' }, `▲ ${flagged.length}`), el('span', { class: 'small' }, few(flagged, 4))] : '–') : null);
        const note = run.note ? el('tr', { class: isLost ? 'note' : 'note calm' }, el('td', { colspan: head.length }, noteOf(run.note, isLost))) : null;
        return [row, note];
    });
    const store = new Set(runs.map(run => run.store));
    section('runs', 'Runs', runs.length > 1 ? `In the order in which they started; the others are compared with run 1. From ${few([...store])}.` : `From ${few([...store])}.`,
        table('', head.map(text => columnHead(text)), rows));
}

// The first line of a note says what happened. A log may follow, which is shown if it explains a failure. Markdown markup is left out.
function noteOf(note, isLost) {
    const lines = note.trim().split('\n').filter(line => !/^\|[-|:]+\|$/.test(line));
    const [first, ...rest] = lines.map(withoutMarkup);
    return rest.length === 0 && first.length <= LongText
        ? first
        : el('details', { open: isLost && report.runs.length <= 3 }, el('summary', null, first.slice(0, LongText)), el('pre', null, [first.slice(LongText), ...rest].join('\n').trim()));
}

const withoutMarkup = line => line
    .replace(/\*\*/g, '')
    .replace(/^(#+|>) /, '')
    .replace(/^\| (.*) \|$/, (_, cells) => cells.replaceAll(' | ', ': '))
    .replace(/&#(\d{1,4});/g, (_, code) => String.fromCharCode(code));

function bar(seconds, longest, isSlowest = false) {
    const fill = el('span', { class: isSlowest ? 'slowest' : undefined });
    fill.style.width = `${longest > 0 ? Math.min(100, 100 * seconds / longest) : 0}%`;
    return el('div', { class: 'bar', 'aria-hidden': 'true' }, fill);
}
