"""Cleans a messy contact list: blanks, cases, dates in four formats, phone numbers, duplicates and impossible values.

    tinderbox run examples/clean_contacts.py

Shows string functions, regular expressions, na and stat functions, safe casts and a report on the quality of the data.
"""

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

RAW = [
    ("1", "  alice SMITH ", "Alice.Smith@Example.COM", "+49 (30) 1234-567", "1985-03-12", "72000", "Berlin"),
    ("2", "Bob o'neil", "bob@example.org", "030/7654321", "12.03.1985", "65,500.50", "berlin "),
    ("2", "Bob O'Neil", "bob@example.org", None, "12.03.1985", "65500.50", "Berlin"),
    ("3", "ÉMILE  dupont", "emile@@example.fr", "0033 1 23 45 67 89", "1990/07/01", "n/a", "Paris"),
    ("4", "chen wei", "wei.chen@example.cn", "86-10-5555 1212", "19910231", "88000", "北京"),
    ("5", None, "nobody@example.com", "", "1979-11-30", "-5", "Rome"),
    ("6", "Dora Müller-Lüdenscheidt", "DORA@EXAMPLE.DE", "+49 89 1111111", "1968-01-09", "91000", "München"),
    ("7", "straße ß test", "strasse@example.de", "12", "2093-01-01", "1e5", "Köln"),
    ("8", "frank", "", "+1 555 010 9999", "Mar 5, 1999", "45000.999", None),
    ("x9", "Grace Hopper", "grace@navy.mil", "+1-555-0100", "1906-12-09", "120000", "New York"),
    ("10", "Heidi\tTab", "heidi@example.at", "0043 1 555", "1988-02-29", "", "Wien"),
    ("11", "ivan  petrov", "ivan@пример.рф", "+7 495 123-45-67", "01.13.1980", "51000", "Moskva"),
    ("12", "Bob O'Neil", "BOB@example.org", "030 7654321", "1985-03-12", "65501", "Berlin"),
]
COLUMNS = ["id", "name", "email", "phone", "born", "salary", "city"]
DATE_FORMATS = ["yyyy-MM-dd", "dd.MM.yyyy", "yyyy/MM/dd", "yyyyMMdd", "MMM d, yyyy"]


def blank_to_null(frame: DataFrame) -> DataFrame:
    clean = lambda name: F.trim(F.regexp_replace(F.col(name), r"\s+", " "))
    return frame.select([F.when(clean(n) == "", None).otherwise(clean(n)).alias(n) for n in frame.columns])


def parse_dates(frame: DataFrame) -> DataFrame:
    parsed = [F.expr(f"CAST(try_to_timestamp(born, '{pattern}') AS DATE)") for pattern in DATE_FORMATS]
    frame = frame.withColumn("born_on", F.coalesce(*parsed))
    return frame.withColumn("born_on", F.when(F.col("born_on") < F.to_date(F.lit("2020-01-01")), F.col("born_on")))


def normalise(frame: DataFrame) -> DataFrame:
    digits = F.regexp_replace(F.regexp_replace("phone", r"^00", "+"), r"[^0-9+]", "")
    valid_email = F.col("email").rlike(r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$")
    return (
        frame.withColumn("key", F.expr("try_cast(id AS INT)"))
        .withColumn("name", F.initcap(F.lower("name")))
        .withColumn("email", F.when(valid_email, F.lower("email")))
        .withColumn("domain", F.substring_index("email", "@", -1))
        .withColumn("phone", F.when(F.length(digits) >= 7, digits))
        .withColumn("salary", F.expr("try_cast(replace(salary, ',', '') AS DECIMAL(12, 2))"))
        .withColumn("salary", F.when(F.col("salary") > 0, F.col("salary")))
        .withColumn("city", F.initcap("city"))
        .withColumn("initials", F.expr("array_join(transform(split(name, '[ -]'), part -> left(part, 1)), '.')"))
    )


def merge_duplicates(frame: DataFrame) -> DataFrame:
    """One row a person: the same e-mail address, else the same id. Of each column the first value that is there."""
    same = Window.partitionBy(F.coalesce("email", F.concat(F.lit("id:"), "id")))
    order = same.orderBy(F.col("key").asc_nulls_last(), "id", F.col("phone").asc_nulls_last())
    whole = order.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    filled = frame.select(
        "key", "email", "domain", "initials",
        *[F.first(n, ignorenulls=True).over(whole).alias(n) for n in ("name", "phone", "born_on", "salary", "city")],
        F.row_number().over(order).alias("place"),
        F.count(F.lit(1)).over(same).alias("copies"),
    )
    return filled.where("place = 1").drop("place")


def quality(before: DataFrame, after: DataFrame) -> DataFrame:
    """How many values each column has, before and after."""
    def counts(frame, label):
        names = ["name", "email", "phone", "salary", "city"]
        row = frame.agg(*[F.count(n).alias(n) for n in names], F.count(F.lit(1)).alias("rows"))
        return row.unpivot([], names + ["rows"], "column", label)

    return counts(before, "before").join(counts(after, "after"), "column", "full")


def main():
    spark = SparkSession.builder.appName("clean-contacts").getOrCreate()
    raw = spark.createDataFrame(RAW, COLUMNS)
    print("As it came")
    raw.show(truncate=False)

    clean = normalise(parse_dates(blank_to_null(raw)))
    print("Dates that no format could read, or that are not believable")
    clean.where("born_on IS NULL").select("id", "born").orderBy("id").show()

    people = merge_duplicates(clean).cache()
    print(f"{raw.count()} rows became {people.count()}")
    people.orderBy(F.col("key").asc_nulls_last(), "email").show(truncate=False)
    people.printSchema()

    print("What is there, before and after")
    quality(raw, people).orderBy("column").show()

    print("Salaries")
    people.select("salary").summary("count", "min", "50%", "max").orderBy("summary").show()
    low, high = people.withColumn("s", F.col("salary").cast("double")).stat.approxQuantile("s", [0.25, 0.75], 0.0)
    print(f"the middle half earns from {low} to {high}")
    filled = people.na.fill({"city": "(unknown)", "name": "(no name)"}).na.replace({"Moskva": "Moscow", "Wien": "Vienna"}, subset=["city"])
    filled.groupBy("city").agg(F.collect_list("name").alias("names"), F.avg("salary").alias("mean")).orderBy("city").show(truncate=False)

    decade = (F.floor(F.year("born_on") / 10) * 10).alias("decade")
    print("People by decade of birth")
    filled.groupBy(decade).agg(F.count(F.lit(1)).alias("people"), F.min("born_on").alias("oldest"), F.array_sort(F.collect_set("domain")).alias("domains")).orderBy("decade").show(truncate=False)
    for row in filled.where(F.col("email").isNotNull()).orderBy("email").limit(3).collect():
        print(row.asDict())
    spark.stop()


if __name__ == "__main__":
    main()
