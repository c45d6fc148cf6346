namespace RaftStream.Testing;

/// <summary>A table of a drawn topology, whatever its types: others are declared over it, and its rows are read as text.</summary>
internal abstract class BuiltTable
{
    /// <summary>By which it is asked for.</summary>
    public abstract TableInfo Info { get; }

    /// <summary>A row as "key=value".</summary>
    public abstract string Show(ReadOnlySpan<byte> key, ReadOnlySpan<byte> stored);

    /// <summary>The ranks of its rows.</summary>
    public abstract (BuiltTable Table, Stream<ModelRecord> Changes) Top(string name);

    /// <summary>A stream joined with its rows.</summary>
    public abstract Stream<ModelRecord> Join<TOther>(string name, KeyedStream<TOther, ModelRecord> stream, bool isLeft);
}

/// <param name="table">The table.</param>
/// <param name="showKey">A key as text.</param>
/// <param name="show">A value as text.</param>
/// <param name="number">A value as a number.</param>
/// <param name="lookup">The key of the row that a record is joined with; null where no join looks at the table.</param>
internal sealed class BuiltTable<TKey, TValue>(Table<TKey, TValue> table, Func<TKey, string> showKey, Func<TValue, string> show, Func<TValue, long> number, Func<ModelRecord, TKey>? lookup) : BuiltTable
{
    public override TableInfo Info => table.Info;

    public override string Show(ReadOnlySpan<byte> key, ReadOnlySpan<byte> stored) => $"{showKey(table.Info.Key.Read(ref key))}={show(table.Info.Read(stored))}";

    public override (BuiltTable Table, Stream<ModelRecord> Changes) Top(string name)
    {
        var top = table.Top(name, ModelFunctions.TopCount, value => ModelFunctions.Score(show(value), number(value)));
        var built = new BuiltTable<int, (TKey First, TValue Second)>(top, static rank => ModelFunctions.Show(rank), row => $"{showKey(row.First)}>{show(row.Second)}", row => number(row.Second), null);
        return (built, top.ToStream().Map(change => ModelFunctions.OfRank(change.Key, showKey(change.Value.First), number(change.Value.Second))).WithCodec(ModelCodec.Instance));
    }

    public override Stream<ModelRecord> Join<TOther>(string name, KeyedStream<TOther, ModelRecord> stream, bool isLeft) =>
        stream.JoinTable(
            name,
            table,
            (_, record) => lookup!(record),
            (_, record, row) => ModelFunctions.OfTableJoin(record, row.Any ? show(row.Value) : null, row.Any ? number(row.Value) : 0),
            isLeft,
            ModelCodec.Instance).ToStream().Map(static item => item.Value).WithCodec(ModelCodec.Instance);
}
