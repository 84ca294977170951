// The machine: where the models run, its memory, its workers, and how it is used: automatically, or as the person says.
import {get, put} from './api.js';
import {find, make, show} from './dom.js';
import {attempt, tell} from './notices.js';
import {bytes, language, number, onLanguage, words} from './words.js';

const choices = {
    device: ['auto', 'cpu', 'cuda'],
    precision: ['auto', 'fp32', 'bf16', 'fp16'],
    workers: {least: 1, most: 256},
    threads: {least: 1, most: 256},
    batch_size: {least: 1, most: 64},
    kept_mib: {least: 1, most: 1 << 20, unit: 1024}, // a person says GB
};
const needCard = {device: ['cuda'], precision: ['fp16']}; // choices that there are on a graphics card only
const every = 5000; // milliseconds between two looks while the tab is open

export class Machine {
    #system = null;
    #controls = new Map();
    #batchSize = null;

    constructor(events, held)
    {
        this.held = held; // where it is said, on every tab, that nothing is handed out
        this.facts = make('dl', {class: 'machine-facts'});
        this.meter = make('meter', {min: 0, max: 1, high: 0.9, label: 'machine.memory'});
        this.plan = make('p', {class: 'hint-box', plain: ''});
        this.workers = make('ul', {class: 'workers'});
        this.why = make('p', {class: 'help', id: 'machine-no-card', text: 'machine.no.card'});
        this.element = make('section', {class: 'panel machine'},
            make('div', {}, make('h2', {text: 'machine.title'}), this.facts, this.meter, this.workers, this.plan),
            make('div', {}, make('h3', {text: 'machine.use'}),
                ...Object.entries(choices).map(([name, values]) => Array.isArray(values) ? this.#select(name, values)
                                                                                        : this.#number(name, values))));
        events.addEventListener('system', ({detail}) => this.#take(detail));
        const again = () => this.load().catch(() => {});
        events.addEventListener('resync', again);
        onLanguage(again);
        setInterval(() => { if (this.element.offsetParent && !document.hidden) again(); }, every);
    }

    async load()
    {
        this.#take(await get('/system'));
    }

    #take(system)
    {
        this.#system = system;
        this.#draw();
    }

    #change(name, value)
    {
        return attempt('machine.failed', async () => {
            try {
                this.#take(await put('/system', {[name]: value}));
                tell('machine.changed');
            } finally {
                this.#draw();
            }
        })();
    }

    #select(name, values)
    {
        const select = make('select', {id: `machine-${name}`, on: {change: () => this.#change(name, select.value)}},
            ...values.map((value) => make('option', {value, text: `choice.${name}.${value}`})));
        this.#controls.set(name, (value) => {
            if (![...select.options].some((option) => option.value === value))
                select.append(make('option', {value, plain: value}));
            select.value = value;
        });
        return make('div', {class: 'control row'}, make('label', {for: select.id, text: `machine.${name}`}), select);
    }

    // Empty is automatic. unit: how many of the server's make one of the person's.
    #number(name, {least, most, unit = 1})
    {
        const field = make('input', {type: 'number', id: `machine-${name}`, min: least, max: most,
            step: unit > 1 ? 'any' : 1, hint: 'machine.auto'});
        field.addEventListener('change', () => {
            if (field.reportValidity())
                this.#change(name, field.value === '' ? 'auto' : Math.round(Number(field.value) * unit));
        });
        this.#controls.set(name, (value) => {
            if (field !== document.activeElement)
                field.value = value === 'auto' ? '' : value / unit;
        });
        const control = make('div', {class: 'control row'}, make('label', {for: field.id, text: `machine.${name}`}), field);
        if (name === 'batch_size') {
            control.append(this.why);
            this.#batchSize = field;
        }
        return control;
    }

    // Without a graphics card there is no use in what only one can do.
    #offer(card)
    {
        this.#batchSize.disabled = !card;
        show(this.why, !card);
        if (card)
            this.#batchSize.removeAttribute('aria-describedby');
        else
            this.#batchSize.setAttribute('aria-describedby', this.why.id);
        for (const [name, values] of Object.entries(needCard))
            for (const option of find(`#machine-${name}`, this.element).options)
                option.disabled = !card && values.includes(option.value);
    }

    #draw()
    {
        const system = this.#system;
        if (!system)
            return;
        const {memory, queue, workers, chosen, storage} = system;
        const device = choices.device.includes(system.device) ? words(`choice.device.${system.device}`) : system.device;
        // The level is known once a worker of this machine has begun.
        const here = system.level ? words('machine.where', {device, level: system.level}) : device;
        const facts = {
            where: system.fleet ? words('machine.fleet') : here,
            ...(system.fleet ? {} : {numbers: system.precision}),
            cores: number(system.cores),
            version: system.version,
            queue: words('machine.queue.line', {running: queue.running, queued: queue.queued}),
            storage: words('room.line', {kept: bytes(storage.kept), most: bytes(storage.most)}),
            memory: words('machine.memory.line', {used: bytes(memory.used), available: bytes(memory.available),
                total: bytes(memory.total)}),
        };
        this.facts.replaceChildren(...Object.entries(facts).flatMap(([name, value]) =>
            [make('dt', {text: `machine.fact.${name}`}), make('dd', {plain: value})]));
        this.meter.value = memory.total ? 1 - memory.available / memory.total : 0;
        this.plan.textContent = system[`plan_${language()}`];
        show(this.plan, Boolean(this.plan.textContent));
        this.workers.replaceChildren(...workers.map((worker, index) => make('li', {class: worker.state},
            make('span', {class: 'dot'}), make('span', {text: ['machine.worker', {number: index + 1,
                state: () => words(`worker.${worker.state}`), memory: () => bytes(worker.memory)}]}))));
        for (const [name, put] of this.#controls)
            put(chosen[name] ?? 'auto');
        this.#offer(system.device !== 'cpu');
        this.held.textContent = system.held ? words('machine.held', {reason: system.held}) : '';
        show(this.held, Boolean(system.held));
    }
}
