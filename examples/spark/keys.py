"""Derives the keys of an index on a Spark cluster and sorts them there, as parts for `tightlip index build --part`.

    spark-submit examples/spark/keys.py --tightlip /usr/local/bin/tightlip customers/*.csv s3a://bucket/parts
    tightlip index build --part parts -o customers.tlx

Every worker runs `tightlip index keys` over its share of the rows, so the binary has to be at the same path on each of them. What is read are CSV files
with a header row, JSON lines, or Parquet, by their names; with another source replace `rows()`.

Spark keeps what it shuffles on its workers' disks, and that is the customers' data: encrypt them (`spark.io.encryption.enabled`), as well as what goes over
the network (`spark.network.crypto.enabled`).
"""

import argparse
import os
import shlex

from pyspark.sql import DataFrame, SparkSession, functions
from pyspark.sql.types import StringType


def rows(spark: SparkSession, sources: list[str]) -> DataFrame:
    """The dictionaries as they are: nothing is guessed, every cell is text, several values in a cell are an array."""
    if sources[0].endswith((".parquet", ".pq")) or "." not in os.path.basename(sources[0]):
        read = spark.read.parquet(*sources)
    elif sources[0].endswith((".jsonl", ".json", ".jsonl.gz", ".json.gz")):
        return spark.read.text(sources)
    else:
        read = spark.read.csv(sources, header=True, escape='"', multiLine=True, encoding="UTF-8")
    text = {field.name for field in read.schema.fields if isinstance(field.dataType, StringType)}
    column = lambda name: functions.split(functions.col(f"`{name}`"), ";").alias(name) if name in text else functions.col(f"`{name}`")
    return read.select([column(name) for name in read.columns])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", help="dictionaries")
    parser.add_argument("parts", help="the folder of the parts, which must not be there yet")
    parser.add_argument("--tightlip", default="tightlip", help="the binary, as the workers find it")
    parser.add_argument("--options", default="", help="options of `tightlip index keys`: --region DE --schema /path/schema.toml --reversed")
    parser.add_argument("--number", type=int, default=0, help="how many parts [default: one for each core]")
    arguments = parser.parse_args()

    spark = SparkSession.builder.appName("tightlip keys").getOrCreate()
    table = rows(spark, arguments.sources)
    if table.columns != ["value"]:
        table = table.select(functions.to_json(functions.struct("*")).alias("value"))
    lines = table.rdd.map(lambda row: row[0])
    # The map step: one process per partition, rows in, lines out. One that fails fails the job.
    command = f"{shlex.quote(arguments.tightlip)} index keys - {arguments.options}"
    keys = lines.pipe(command, env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")}, checkCode=True)
    columns = functions.split("value", "\t")
    names = ["key", "kind", "owner"]
    # Ranges are found by a sample: without `persist` every row would be folded twice.
    table = spark.createDataFrame(keys, "string", verifySchema=False).persist()
    table = table.select([columns[at].alias(name) for at, name in enumerate(names)])

    number = arguments.number or spark.sparkContext.defaultParallelism
    table.repartitionByRange(number, "key").sortWithinPartitions("key").write.parquet(arguments.parts)
    spark.stop()


if __name__ == "__main__":
    main()
