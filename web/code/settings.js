// What the person chose, for every photo that follows: kept in the browser, told to whoever listens. Which settings there
// are, and their ranges, is for the server to say.
import {get} from './api.js';
import {keep, recall} from './memory.js';

// What a preset decides; the rest (format, faces, ...) is a matter of taste that it leaves alone.
const look = ['mode', 'strength', 'denoise', 'sharpen', 'contrast', 'brightness', 'skin_protect', 'detail_boost',
    'fading', 'dust', 'likeness'];

const ofFaces = new Set(['face_strength', 'face_off', 'extra_faces']);

function same(a, b)
{
    return JSON.stringify(a) === JSON.stringify(b);
}

export class Settings extends EventTarget {
    #chosen = recall('settings', {}); // only what differs from the defaults
    #defaults = {};
    #limits = new Map();
    presets = []; // the program's, without "auto", which stands for none of them
    own = [];
    offersAuto = false; // can this server choose for each photo by itself?

    async load()
    {
        const [description, {presets}] = await Promise.all([get('/settings'), get('/presets')]);
        this.#defaults = description.defaults;
        this.#limits = new Map(description.limits.map((limit) => [limit.name, limit]));
        this.presets = description.presets.filter(({name}) => name !== 'auto');
        this.offersAuto = this.#limits.has('preset') || this.presets.length < description.presets.length;
        this.own = presets;
        // What an older or newer server knew and this one does not would be refused.
        for (const [name, value] of Object.entries(this.#chosen))
            if (!this.#fits(name, value))
                delete this.#chosen[name];
        this.#changed();
    }

    #fits(name, value)
    {
        const limit = this.#limits.get(name);
        if (!limit)
            return name === 'preset' && this.offersAuto;
        if (limit.kind === 'integer')
            return value === null || (Number.isInteger(value) && value >= limit.least && value <= limit.most);
        return limit.kind !== 'choice' || limit.choices.includes(value);
    }

    #changed()
    {
        keep('settings', this.#chosen);
        this.dispatchEvent(new CustomEvent('change'));
    }

    limit(name)
    {
        return this.#limits.get(name) ?? null;
    }

    value(name)
    {
        return this.#chosen[name] ?? this.#defaults[name] ?? null;
    }

    isDefault(name)
    {
        return same(this.value(name), this.#defaults[name] ?? null);
    }

    #put(name, value)
    {
        if (value === null || same(value, this.#defaults[name]))
            delete this.#chosen[name];
        else
            this.#chosen[name] = value;
    }

    set(name, value)
    {
        this.#put(name, value);
        this.#changed();
    }

    reset(name)
    {
        this.set(name, null);
    }

    resetAll()
    {
        this.replace({});
    }

    // By settings as the API gives them; what belongs to one photo's faces is not kept.
    replace(settings)
    {
        this.#chosen = {};
        for (const [name, value] of Object.entries(settings))
            if (this.#fits(name, value) && !ofFaces.has(name))
                this.#put(name, value);
        this.#changed();
    }

    // As the API wants it; what is left out is at its default.
    chosen()
    {
        return {...this.#chosen};
    }

    // The values of look that a preset stands for, complete.
    #lookOf(preset)
    {
        return Object.fromEntries(look.map((name) => [name, preset.settings[name] ?? this.#defaults[name] ?? null]));
    }

    // The preset whose look the settings have just now; null: the person's own mixture.
    current()
    {
        if (this.#chosen.preset === 'auto')
            return look.every((name) => this.isDefault(name)) ? 'auto' : null;
        const found = [...this.own, ...this.presets].find((preset) =>
            Object.entries(this.#lookOf(preset)).every(([name, value]) => same(this.value(name), value)));
        return found?.name ?? null;
    }

    // What differs is put into the values themselves, so that the person sees it. Only "auto" is the server's to fill in, for
    // each photo by itself.
    choose(preset)
    {
        delete this.#chosen.preset;
        const wanted = preset === 'auto' ? this.#lookOf({settings: {}}) : this.#lookOf(preset);
        for (const [name, value] of Object.entries(wanted))
            this.#put(name, value);
        if (preset === 'auto')
            this.#chosen.preset = 'auto';
        this.#changed();
    }

    belongsToLook(name)
    {
        return look.includes(name);
    }

    // What a preset of the person's own keeps.
    look()
    {
        return Object.fromEntries(look.filter((name) => !this.isDefault(name)).map((name) => [name, this.value(name)]));
    }

    async loadOwn()
    {
        this.own = (await get('/presets')).presets;
        this.#changed();
    }
}
