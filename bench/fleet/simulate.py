"""A fleet on paper: photos come, wait, are worked on and told of, with the times that measure.py found. Prints a table.

    python3 bench/fleet/simulate.py MEASURED.json --machines 1 100 10000 --processes 8 --load 0.8
    python3 bench/fleet/simulate.py MEASURED.json --machines 4 --processes 16 --photos-a-day 200000 --faces 3 --face-seconds 0.6

One Redis is one server that does one command after another; what the machines of a fleet cost it when idle (heartbeats,
renewals, looking) takes its share away first. A worker process works on one photo at a time. Arrivals are random (Poisson);
times of photos vary by their number of faces. Machines die at random and are replaced; what they held comes back after the
visibility timeout."""
import argparse
import collections
import heapq
import json
import random

Fleet = collections.namedtuple("Fleet", "machines processes rate faces face_seconds other_seconds take tell idle deaths visibility")


def faces_of(source, mean):
    """At least one; geometric, as crowds are rarer than portraits."""
    if mean <= 1:
        return 1
    count = 1
    while source.random() < 1 - 1 / mean:
        count += 1
    return count


def simulate(fleet, photos, seed=1):
    """Waits, latencies, and how busy workers and Redis were, for so many photos."""
    source = random.Random(seed)
    free, waiting, events = fleet.machines * fleet.processes, collections.deque(), []
    slowed = 1 - fleet.idle * fleet.machines  # what is left of Redis's one processor
    if slowed <= 0.02:
        return None
    redis_free, redis_busy, work_busy, now, waits, latencies, again = 0.0, 0.0, 0.0, 0.0, [], [], 0

    def redis(at, cost):
        nonlocal redis_free, redis_busy
        begin = max(at, redis_free)
        redis_free = begin + cost / slowed
        redis_busy += cost / slowed
        return redis_free
    number, end = 0, 0.0
    heapq.heappush(events, (source.expovariate(fleet.rate), 0, "come", None))
    done = 0
    while done < photos:
        now, _, kind, came = heapq.heappop(events)
        if kind == "come":
            waiting.append(now)
            if number < photos:
                number += 1
                if number < photos:
                    heapq.heappush(events, (now + source.expovariate(fleet.rate), number, "come", None))
        elif kind == "back":  # held by a machine that died
            waiting.appendleft(came)
        elif kind == "free":
            free += 1
        else:
            done += 1
            free += 1
            end = max(end, now)
            latencies.append(now - came)
        while free and waiting:
            came = waiting.popleft()
            free -= 1
            begun = redis(now, fleet.take)
            work = fleet.other_seconds + fleet.face_seconds * faces_of(source, fleet.faces)
            if source.random() < fleet.deaths * work:
                again += 1
                heapq.heappush(events, (begun + fleet.visibility, photos + again, "back", came))
                heapq.heappush(events, (begun + 60, -photos - again, "free", None))  # until it is replaced
                continue
            waits.append(begun - came)
            work_busy += work
            # Telling waits its turn at Redis when the work is done; approximated by the turn that it would have now.
            heapq.heappush(events, (begun + work + fleet.tell / slowed, -done - 1, "end", came))
            redis_busy += fleet.tell / slowed
            redis_free += fleet.tell / slowed
    waits.sort()
    latencies.sort()
    return {"photos_a_second": photos / end, "wait_median": waits[len(waits) // 2], "wait_95": waits[int(len(waits) * 0.95)],
            "latency_95": latencies[int(len(latencies) * 0.95)],
            "workers_busy": work_busy / (end * fleet.machines * fleet.processes),
            "redis_busy": min(1, redis_busy / end + fleet.idle * fleet.machines), "again": again}


def main():
    parser = argparse.ArgumentParser(description="see the file's first lines")
    parser.add_argument("measured")
    parser.add_argument("--machines", type=int, nargs="+", default=[1, 10, 100, 1000, 10000])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--photos-a-day", type=float)
    parser.add_argument("--load", type=float, default=0.8, help="part of the workers' capacity, when no number of photos is given")
    parser.add_argument("--faces", type=float, default=2)
    parser.add_argument("--face-seconds", type=float)
    parser.add_argument("--photo-bytes", type=float, default=4e6, help="of a photo and its result together, over the network")
    parser.add_argument("--deaths-a-day", type=float, default=0.1, help="of a machine")
    parser.add_argument("--visibility", type=float, default=3600)
    parser.add_argument("--simulated", type=int, default=20000)
    given = parser.parse_args()
    with open(given.measured, encoding="utf-8") as file:
        measured = json.load(file)
    server = measured["redis"]
    face = given.face_seconds or measured["seconds_a_face"]
    other = measured["seconds_a_photo"] - measured["stage_seconds"]["restore"]
    print("| machines | photos a second | a day | wait, median | wait, 95 % | workers busy | Redis busy | Redis MB/s | photos MB/s "
          "| connections |\n|" + " ---: |" * 10)
    for machines in given.machines:
        capacity = machines * given.processes / (other + face * given.faces)
        rate = given.photos_a_day / 86400 if given.photos_a_day else given.load * capacity
        fleet = Fleet(machines, given.processes, rate, given.faces, face, other, server["cpu_seconds_a_task"] / 2,
                      server["cpu_seconds_a_task"] / 2, server["cpu_a_second_idle"], given.deaths_a_day / 86400,
                      given.visibility)
        # Long enough that every worker has several photos.
        result = simulate(fleet, max(given.simulated, 4 * machines * given.processes))
        if not result:
            print(f"| {machines} | nothing: Redis is busy with idle workers alone |" + " |" * 8)
            continue
        through = result["photos_a_second"]
        print(f"| {machines:,} | {through:,.1f} | {through * 86400:,.0f} | {result['wait_median']:.3f} s | {result['wait_95']:.2f} s "
              f"| {100 * result['workers_busy']:.0f} % | {100 * result['redis_busy']:.0f} % "
              f"| {(through * server['bytes_a_task'] + machines * server['bytes_a_second_idle']) / 1e6:,.2f} "
              f"| {through * given.photo_bytes / 1e6:,.0f} | {2 * machines:,} |")


if __name__ == "__main__":
    main()
