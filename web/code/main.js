// Where the page begins: its frame (tabs, language, light and dark, the line to the server), and the four tabs in it.
import {login, whenLockedOut} from './api.js';
import {Advanced} from './advanced.js';
import {Batch} from './batch.js';
import {find, show} from './dom.js';
import {Events} from './events.js';
import {Machine} from './machine.js';
import {keep, recall} from './memory.js';
import {Models} from './models.js';
import {complain} from './notices.js';
import {Settings} from './settings.js';
import {Single} from './single.js';
import {chooseLanguage, language, sayPage} from './words.js';

const tabs = ['single', 'batch', 'advanced', 'models'];
const themes = ['auto', 'light', 'dark'];

// ---------------------------------------------------------------- the frame

function chooseTheme(name)
{
    const theme = themes.includes(name) ? name : 'auto';
    document.documentElement.dataset.theme = theme;
    keep('theme', theme);
    for (const button of document.querySelectorAll('[data-choose-theme]'))
        button.setAttribute('aria-pressed', String(button.dataset.chooseTheme === theme));
}

function frame()
{
    sayPage();
    chooseTheme(recall('theme', 'auto'));
    for (const button of document.querySelectorAll('[data-choose-theme]'))
        button.addEventListener('click', () => chooseTheme(button.dataset.chooseTheme));
    const mark = () => {
        for (const button of document.querySelectorAll('[data-choose-language]'))
            button.setAttribute('aria-pressed', String(button.dataset.chooseLanguage === language()));
    };
    for (const button of document.querySelectorAll('[data-choose-language]'))
        button.addEventListener('click', () => { chooseLanguage(button.dataset.chooseLanguage); mark(); });
    mark();
}

// The token dialog serves whoever waits, and goes once the server took the token.
function askForToken()
{
    const dialog = find('#login'), field = find('#token'), complaint = find('#login-complaint');
    if (!dialog.open)
        dialog.showModal();
    return new Promise((resolve) => {
        dialog.addEventListener('close', resolve, {once: true});
        find('form', dialog).onsubmit = async (event) => {
            event.preventDefault();
            try {
                await login(field.value);
                field.value = '';
                show(complaint, false);
                dialog.close();
            } catch (problem) {
                complaint.textContent = problem.message;
                show(complaint, true);
                field.select();
            }
        };
    });
}

function followLine(events)
{
    const banner = find('#line-lost');
    events.addEventListener('lost', () => show(banner, true));
    events.addEventListener('found', () => show(banner, false));
}

// ---------------------------------------------------------------- tabs

// The address names the tab, so that going back, reloading and links work.
function openTab(parts)
{
    const wanted = location.hash.slice(1), name = tabs.includes(wanted) ? wanted : recall('tab', 'single');
    keep('tab', name);
    for (const each of tabs) {
        const tab = find(`#tab-${each}`), chosen = each === name;
        tab.setAttribute('aria-selected', String(chosen));
        tab.tabIndex = chosen ? 0 : -1;
        show(find(`#${each}-panel`), chosen);
    }
    // The photo's frame is lent to the finer controls, so that they show what they do.
    const {single, advanced} = parts;
    if (name === 'advanced' && !single.work.hidden) {
        advanced.lend(single.compare.element);
    } else {
        single.takeBack();
        advanced.giveBack();
    }
}

function followTabs(parts)
{
    const list = find('[role="tablist"]');
    list.addEventListener('keydown', (event) => {
        const by = {ArrowRight: 1, ArrowLeft: -1}[event.key];
        const at = tabs.indexOf(document.activeElement.id.replace('tab-', ''));
        const to = by ? (at + by + tabs.length) % tabs.length : {Home: 0, End: tabs.length - 1}[event.key];
        if (to === undefined || at < 0)
            return;
        event.preventDefault();
        location.hash = tabs[to];
        find(`#tab-${tabs[to]}`).focus();
    });
    for (const name of tabs)
        find(`#tab-${name}`).addEventListener('click', () => { location.hash = name; });
    addEventListener('hashchange', () => { openTab(parts); scrollTo(0, 0); });
    openTab(parts);
}

// ---------------------------------------------------------------- the beginning

async function begin()
{
    frame();
    whenLockedOut(askForToken);
    const events = new Events(), settings = new Settings();
    followLine(events);
    const machine = new Machine(events, find('#held'));
    const parts = {
        single: new Single(find('#single-panel'), settings, events),
        batch: new Batch(find('#batch-panel'), settings, events),
        advanced: new Advanced(find('#advanced-panel'), settings),
        models: new Models(find('#models-panel'), machine, events),
    };
    followTabs(parts);
    addEventListener('many', ({detail: photos}) => {
        parts.batch.take({photos, others: 0});
        location.hash = 'batch';
    });
    addEventListener('work', async ({detail: item}) => {
        location.hash = 'single';
        await parts.single.openItem(item).catch((problem) => complain('batch.open.failed', problem));
    });
    const first = settings.load(); // asks for the token where one is needed, before the others ask too
    await first.catch((problem) => complain('page.load.failed', problem, {word: 'page.again', call: () => location.reload()}));
    events.connect();
    await Promise.all([parts.single.restore(), parts.batch.restore(), machine.load(), parts.models.load()])
        .catch((problem) => complain('page.load.failed', problem));
    openTab(parts);
    find('#loading').remove();
    document.documentElement.dataset.ready = 'yes'; // for tests and scripts that drive the page
}

begin();
