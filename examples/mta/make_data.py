"""Makes a file like those of New York's MTA Bus Time archive: make_data.py FILE [ROWS].

Tab-separated, with a header and "null" for what is missing. One row in fifty has no usable position. The same call makes the
same file.
"""

import datetime
import random
import sys

NAMES = ("latitude longitude time_received vehicle_id distance_along_trip inferred_direction_id inferred_phase "
         "inferred_route_id inferred_trip_id next_scheduled_stop_distance next_scheduled_stop_id").split()


def main():
    file, rows = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    random.seed(20140801)
    begin = datetime.datetime(2014, 8, 1, 4, 0, 1)
    vehicles = [(vehicle, random.choice(("B63", "M15", "Q44", "S79")), random.uniform(3, 12)) for vehicle in range(400, 440)]
    with open(file, "w", encoding="ascii") as out:
        print(*NAMES, sep="\t", file=out)
        for number in range(rows):
            vehicle, route, speed = vehicles[number % len(vehicles)]
            turn = number // len(vehicles)
            along = turn * 30 * speed % 15000
            where = (f"{40.55 + along / 50000:.6f}", f"{-74.02 + along / 60000:.6f}")
            if number % 50 == 49:
                where = random.choice((("0.0", "0.0"), ("null", "null"), ("140.5", "-73.9")))
            print(*where, begin + datetime.timedelta(seconds=30 * turn), vehicle, f"{along:.5f}", turn % 2, "IN_PROGRESS",
                  f"MTA NYCT_{route}", f"MTA NYCT_JG_C4-Weekday-141500_{route}_{vehicle}", f"{random.uniform(0, 300):.5f}",
                  f"MTA_{305400 + int(along // 400)}", sep="\t", file=out)


if __name__ == "__main__":
    main()
