#!/usr/bin/env python3
"""What a large index costs: builds one of invented people, opens, changes and compacts it, and says what each step took.

    cargo build --release
    benches/index/run.py --people 2000000 --memory 512MiB

Each person has a name, an email address, a telephone number, a booking code and a postcode: five identifiers. `sort` sorts the same values as bytes, with the
same memory, to have something to compare a build with. Each step is told with its time, that of the processor (user and system), and its peak of resident
memory. What fails ends the run.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

FIRST = """Aaron Ada Alice Amir Anna Arthur Beatrice Ben Carla Carlos Chen Clara Daniel Diana Dora Edith Elena Emil Emma Erik Esther Eva Fatima Felix Flora
Frank Gabriel George Greta Hanna Hector Helen Hugo Ida Igor Ines Iris Ivan Jana Jasmin Joan Jonas Julia Karim Karl Kate Kenji Lara Laura Lea Leo Lina Lucas
Maja Marco Maria Mark Martha Max Mei Mia Milan Mina Nadia Nina Noah Nora Olga Oliver Omar Oscar Paul Petra Pia Priya Rafael Raj Rita Rosa Ruth Samuel Sara
Selma Sofia Stella Sven Tara Theo Thomas Uma Vera Victor Walter Will Yara Yusuf Zoe""".split()
# Last names are made of these: as many as there are in a country, a few of them often.
BEGINNINGS = """Al Ander Ash Bar Beck Ber Blau Bor Brad Brook Cal Car Cas Clay Cor Dahl Dal Dun East Eich Fair Fern Fon Gal Glen Gold Gran Grim Gut Hal Hart
Hazel Her Hol Jan Kal Kauf Kim King Klein Kov Lang Lin Long Mar Mel Mon Mor Nav New North Oak Oli Ost Pal Pem Pet Quen Red Rich Rock Rosen Rush Sal San Schwarz
Shel Sil Stan Stein Stock Tal Thorn Tor Under Val Vil Vol Wald War Wei West Whit Win Wood Worth Zim""".split()
MIDDLES = ["", "", "", "e", "en", "er", "ing", "ham", "is", "o"]
ENDS = """bach bauer berg bourne bridge brook burg bury by carra cliff cote croft dale den dorf feld field ford gate grove hall hurst ic ini kamp kov land ley low
man mann mark meier mere mont moor nez off old owa owski qvist ridge rosa sen shaw son stad stein stone strom thal ton vik ville wald wall ward well wick worth
zano""".split()
CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def person(number, chance):
    first = chance.choice(FIRST)
    # The square draws the first ones more often.
    pick = lambda parts: parts[int(chance.random() ** 2 * len(parts))]
    last = pick(BEGINNINGS) + pick(MIDDLES) + pick(ENDS)
    email = f"{first}.{last}{chance.randrange(10_000)}@example.com".lower()
    phone = f"+1 {chance.randrange(201, 990)} 555 {chance.randrange(10_000):04}"
    booking = "".join(chance.choices(CODE, k=6))
    return f"C-{number}", f"{first} {last}", email, phone, booking, f"{chance.randrange(100_000):05}"


def write_people(path, numbers, seed):
    chance = random.Random(seed)
    with open(path, "w") as out:
        out.write("customer_id,name,email,phone,reference,postcode\n")
        for number in numbers:
            out.write(",".join(person(number, chance)) + "\n")


def run(command, **more):
    """Runs a command: its seconds, those of the processor, and its peak in MiB."""
    begin = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more)
    said = child.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(child.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, command))} failed: {said}")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def size_of(folder):
    sizes = {name: os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder)}
    names = sum(size for name, size in sizes.items() if name.endswith(".owners"))
    return sum(sizes.values()), names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--memory", default="512MiB", help="for the build, and for sort")
    parser.add_argument("--binary", default="target/release/tightlip")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tightlip, people = os.path.abspath(options.binary), options.people
    work = tempfile.mkdtemp(prefix="tightlip-index-")
    place = lambda name: os.path.join(work, name)
    try:
        write_people(place("people.csv"), range(people), options.seed)
        with open(place("people.csv")) as rows, open(place("values.txt"), "w") as values:
            next(rows)
            for row in rows:
                values.write(row.rstrip("\n").split(",", 1)[1].replace(",", "\n") + "\n")
        changed = max(people // 200, 1)
        write_people(place("changed.csv"), range(changed), options.seed + 1)
        identifiers = 5 * people

        bytes_of_memory = options.memory.replace("iB", "")
        sort = run(["sort", "-S", bytes_of_memory, "-T", work, "-o", place("sorted.txt"), place("values.txt")],
                   env={**os.environ, "LC_ALL": "C"})
        index = place("people.tlx")
        build = run([tightlip, "index", "build", place("people.csv"), "-o", index, "--memory", options.memory])
        total, names = size_of(index)
        opening = run([tightlip, "filter", "--index", index, "--reader", "C-1"], stdin=subprocess.DEVNULL)
        update = run([tightlip, "index", "update", index, place("changed.csv")])
        erase = run([tightlip, "index", "erase", index, "--owner", f"C-{people - 1}"])
        compact = run([tightlip, "index", "compact", index])

        print(f"{identifiers:,} identifiers of {people:,} people; {total / identifiers:.1f} bytes each, "
              f"{(total - names) / identifiers:.1f} without the names of the owners")
        for what, (took, processor, peak), beside in [
            ("sort", sort, ""),
            ("build", build, f"{build[1] / sort[1]:.1f} times the processor of sort"),
            ("open", opening, ""),
            (f"update of {changed:,}", update, f"{100 * update[1] / build[1]:.1f} % of a build"),
            ("erase", erase, ""),
            ("compact", compact, ""),
        ]:
            print(f"  {what:<18} {took:8.2f} s {processor:8.2f} s of processor {peak:6.0f} MiB  {beside}".rstrip())
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
