using System.Collections.Immutable;

namespace RaftStream.Testing;

/// <summary>One value for each key: the records of each, and what they come to.</summary>
internal sealed class RefAggregate(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    private readonly UndoMap<RefKey, ImmutableList<ModelRecord>> _records = new(job.Undo);

    /// <summary>The ranks over its rows.</summary>
    public List<RefTop> Tops { get; } = [];

    public override void Receive(int input, ModelRecord record, long time) => ReceivePartial(KeyOf(input, record, time), [record], time);

    public override void ReceivePartial(RefKey key, IReadOnlyList<ModelRecord> records, long time)
    {
        _records.Set(key, (_records.Get(key) ?? []).AddRange(records));
        var (shown, number) = Row(key)!.Value;
        Emit(0, ModelFunctions.OfResult(key.Shown, number, 0), time);
        foreach (var top in Tops)
            top.OnRow(key, shown, number, time);
    }

    public (string Shown, long Number)? Row(RefKey key) => _records.Get(key) is { } records ? ModelAggregates.Evaluate(Spec.Aggregate, records) : null;

    /// <summary>The key of the row that a record of another stream is joined with.</summary>
    public RefKey LookupOf(ModelRecord record) => Spec.Key == KeyKind.ByText ? new(ModelFunctions.LookupText(record), 0) : new(null, ModelFunctions.LookupNumber(record));

    public override IEnumerable<string> Rows() => _records.Items.Keys.Select(key => $"{key.Shown}={Row(key)!.Value.Shown}");
}

/// <summary>The rows with the largest scores, by rank; of equal ones the smaller key first. Tells the ranks that change.</summary>
internal sealed class RefTop(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    private readonly UndoMap<RefKey, (string Shown, long Number)> _rows = new(job.Undo);
    private readonly UndoMap<int, (RefKey Key, string Shown, long Number)> _ranks = new(job.Undo);

    public override void Receive(int input, ModelRecord record, long time)
    {
        // It looks at rows, which OnRow is told of, and not at the records that come of them.
    }

    public void OnRow(RefKey key, string shown, long number, long time)
    {
        _rows.Set(key, (shown, number));
        var best = _rows.Items.OrderByDescending(static row => ModelFunctions.Score(row.Value.Shown, row.Value.Number)).ThenBy(static row => row.Key).Take(ModelFunctions.TopCount).ToList();
        for (var rank = 1; rank <= best.Count; rank++)
        {
            var (owner, value) = best[rank - 1];
            var row = (owner, value.Shown, value.Number);
            if (_ranks.Has(rank) && _ranks.Get(rank) == row)
                continue;
            _ranks.Set(rank, row);
            Emit(0, ModelFunctions.OfRank(rank, owner.Shown, value.Number), time);
        }
    }

    public override IEnumerable<string> Rows() => _ranks.Items.Select(static rank => $"{rank.Key}={rank.Value.Key.Shown}>{rank.Value.Shown}");
}

/// <summary>Each record with the row that a table has at that moment.</summary>
internal sealed class RefTableJoin(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    public override void Receive(int input, ModelRecord record, long time)
    {
        KeyOf(input, record, time);
        var table = (RefAggregate)Job.Ops[Spec.Table];
        var row = table.Row(table.LookupOf(record));
        if (row is not null || Spec.Join == JoinKind.Left)
            Emit(0, ModelFunctions.OfTableJoin(record, row?.Shown, row?.Number ?? 0), time);
        Job.Counts.Add(row is null ? "job table join without a row" : "job table join with a row");
    }
}

/// <summary>The first record of each key, or those that repeat none of less than a span away.</summary>
internal sealed class RefOnce(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    private readonly UndoMap<RefKey, ImmutableList<long>> _times = new(job.Undo);

    public override void Receive(int input, ModelRecord record, long time)
    {
        var key = KeyOf(input, record, time);
        var known = _times.Get(key) ?? [];
        if (Spec.Kind == OpKind.Distinct ? known.Count > 0 : known.Exists(other => other + Spec.Before > Watermark && Math.Abs(other - time) < Spec.Before))
            return;
        _times.Set(key, known.Add(time));
        Emit(0, record, time);
    }
}

/// <summary>Sums over places, added up one by one.</summary>
internal sealed class RefRangeSum(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    private readonly UndoMap<(RefKey Key, int Place), long> _values = new(job.Undo);

    public override void Receive(int input, ModelRecord record, long time)
    {
        var (key, at) = (KeyOf(input, record, time), ModelFunctions.Place(record));
        if (at >= ModelFunctions.Places)
            throw new PoisonRecordException($"Place {at} of key '{key.Shown}' is none of 0 to {ModelFunctions.Places - 1}.");
        _values.Set((key, at), _values.Get((key, at)) + record.Number);
        Emit(0, ModelFunctions.OfResult(key.Shown, Enumerable.Range(0, at + 1).Sum(one => _values.Get((key, one))), 0), time);
    }
}
