// The faces of the photo in hand: a list to tick, a strength for each, why one was left as it was, and boxes over the photo.
import {fillTrack} from './controls.js';
import {iconButton, make, show} from './dom.js';
import {Mark} from './mark.js';
import {number} from './words.js';

const thumbnailSide = 112; // canvas pixels
const room = 0.35; // around a face in its thumbnail, in parts of its box

// A face that was left for one of these reasons is restored when its box is asked for.
const mayBeAsked = new Set(['too_small', 'low_score', 'not_chosen']);

// Fires "change" when a re-render shows the choice, "extra" when a face was added: that needs the network.
export class Faces extends EventTarget {
    #compare;
    #settings;
    #item = null;
    #off = new Set();
    #strengths = new Map(); // index -> percent
    #extra = [];
    #rows = new Map(); // index -> {row, box, canvas, update}

    constructor(compare, settings)
    {
        super();
        this.#compare = compare;
        this.#settings = settings;
        this.overlay = make('div', {class: 'face-boxes'});
        compare.stage.append(this.overlay);
        this.mark = new Mark(compare);
        this.list = make('ul', {class: 'face-list'});
        this.none = make('p', {class: 'help', text: 'faces.none'});
        const boxes = make('input', {type: 'checkbox', id: 'face-boxes-shown', role: 'switch',
            on: {change: () => this.overlay.classList.toggle('quiet', !boxes.checked)}});
        boxes.checked = true;
        this.count = make('h3', {text: 'faces.title'});
        this.element = make('section', {class: 'panel faces'},
            make('div', {class: 'panel-head'}, this.count,
                make('label', {class: 'inline', for: boxes.id}, boxes, make('span', {text: 'faces.boxes'}))),
            this.none, this.list,
            this.add = iconButton('mark', 'faces.add', () => this.#toggleMark(), {kind: 'quiet'}));
        this.mark.addEventListener('marked', (event) => this.#askFor(event.detail));
        this.mark.addEventListener('ended', () => { this.add.setAttribute('aria-pressed', 'false'); this.add.focus(); });
        compare.before.addEventListener('load', () => this.#drawThumbnails());
        settings.addEventListener('change', () => this.#rows.forEach(({update}) => update()));
    }

    #toggleMark()
    {
        if (this.mark.active)
            this.mark.end();
        else
            this.mark.begin(this.#item.width, this.#item.height);
        this.add.setAttribute('aria-pressed', String(this.mark.active));
    }

    // As the settings of a render want them.
    choices()
    {
        return {
            ...(this.#off.size ? {face_off: [...this.#off]} : {}),
            ...(this.#strengths.size ? {face_strength: Object.fromEntries(this.#strengths)} : {}),
            ...(this.#extra.length ? {extra_faces: this.#extra} : {}),
        };
    }

    // choices: as an earlier visit left them.
    setItem(item, choices = null)
    {
        if (choices || item.id !== this.#item?.id) {
            this.#off = new Set(choices?.face_off);
            this.#strengths = new Map(Object.entries(choices?.face_strength ?? {}).map(([i, s]) => [Number(i), s]));
            this.#extra = choices?.extra_faces ?? [];
        }
        this.#item = item;
        this.mark.end();
        this.#rows.clear();
        for (const face of item.faces)
            this.#rows.set(face.index, this.#makeRow(face));
        const rows = [...this.#rows.values()];
        this.list.replaceChildren(...rows.map(({row}) => row));
        this.overlay.replaceChildren(...rows.map(({box}) => box));
        show(this.none, !rows.length);
        show(this.add, this.#canAdd);
        this.#drawThumbnails();
    }

    // The photo is looked at as another item from here on; what was chosen for its faces stays.
    follow(id)
    {
        this.#item = {...this.#item, id};
    }

    get #canAdd()
    {
        return this.#settings.limit('extra_faces') !== null;
    }

    #changed()
    {
        this.#rows.forEach(({update}) => update());
        this.dispatchEvent(new CustomEvent('change'));
    }

    #askFor(box)
    {
        this.#extra = [...this.#extra, box];
        this.dispatchEvent(new CustomEvent('extra'));
    }

    #turn(index, on)
    {
        if (on)
            this.#off.delete(index);
        else
            this.#off.add(index);
        this.#changed();
    }

    #makeRow(face)
    {
        const name = ['faces.one', {number: face.index + 1}];
        const restored = face.state === 'restored' || face.state === 'chosen_off' || this.#off.has(face.index);
        const box = this.#makeBox(face);
        const canvas = make('canvas', {width: thumbnailSide, height: thumbnailSide, 'aria-hidden': 'true'});
        const tick = make('input', {type: 'checkbox', id: `face-${face.index}`,
            on: {change: () => this.#turn(face.index, tick.checked)}});
        const strength = restored ? this.#makeStrength(face) : null;
        const said = make('p', {class: restored ? 'help' : 'help left-alone'});
        const row = make('li', {class: 'face', on: {
            mouseenter: () => box.classList.add('pointed'), mouseleave: () => box.classList.remove('pointed')}},
            make('button', {type: 'button', class: 'face-picture', label: ['faces.look', {number: face.index + 1}],
                on: {click: () => this.#compare.lookAt(face.box)}}, canvas),
            make('div', {class: 'face-words'},
                restored ? make('label', {class: 'inline', for: tick.id}, tick, make('span', {text: name}))
                         : make('span', {class: 'face-name', text: name}),
                said, strength?.element ?? null,
                mayBeAsked.has(face.state) && this.#canAdd ? make('button', {type: 'button', class: 'link', text: 'faces.anyway',
                    on: {click: () => this.#askFor(face.box.map(Math.round))}}) : null));
        const update = () => {
            const on = restored && !this.#off.has(face.index);
            tick.checked = on;
            box.classList.toggle('off', !on);
            said.textContent = restored ? '' : face.state_text;
            strength?.update(on);
        };
        update();
        return {row, box, canvas, update, face};
    }

    #makeBox(face)
    {
        const {width, height} = this.#item;
        const [left, top, right, bottom] = face.box;
        const box = make('div', {class: 'face-box'},
            make('button', {type: 'button', class: 'face-tag', plain: number(face.index + 1), tabindex: -1,
                'aria-hidden': 'true', on: {click: () => this.#turn(face.index, this.#off.has(face.index))}}));
        box.style.left = `${100 * left / width}%`;
        box.style.top = `${100 * top / height}%`;
        box.style.width = `${100 * (right - left) / width}%`;
        box.style.height = `${100 * (bottom - top) / height}%`;
        return box;
    }

    // Without one of its own a face has the photo's strength.
    #makeStrength(face)
    {
        const range = make('input', {type: 'range', min: 0, max: 100, label: ['faces.strength', {number: face.index + 1}]});
        const figure = make('output', {class: 'figure', plain: ''});
        range.addEventListener('input', () => {
            this.#strengths.set(face.index, Number(range.value));
            this.#changed();
        });
        const back = iconButton('back', 'faces.strength.reset', () => {
            this.#strengths.delete(face.index);
            this.#changed();
        }, {bare: true, kind: 'reset'});
        const update = (on) => {
            const own = this.#strengths.has(face.index);
            range.value = own ? this.#strengths.get(face.index) : this.#settings.value('strength');
            range.disabled = !on;
            figure.textContent = number(Number(range.value));
            back.disabled = !own;
            back.classList.toggle('idle', !own);
            fillTrack(range, 0);
        };
        return {element: make('div', {class: 'face-strength'}, range, figure, back), update};
    }

    #drawThumbnails()
    {
        const picture = this.#compare.before;
        if (!this.#item || !picture.complete || !picture.naturalWidth)
            return;
        const scale = picture.naturalWidth / this.#item.width;
        for (const {canvas, face: {box: [left, top, right, bottom]}} of this.#rows.values()) {
            const side = Math.max(right - left, bottom - top) * (1 + 2 * room) * scale;
            const x = (left + right) / 2 * scale - side / 2, y = (top + bottom) / 2 * scale - side / 2;
            const context = canvas.getContext('2d');
            context.clearRect(0, 0, thumbnailSide, thumbnailSide);
            context.drawImage(picture, x, y, side, side, 0, 0, thumbnailSide, thumbnailSide);
        }
    }
}
