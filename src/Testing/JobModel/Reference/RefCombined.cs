namespace RaftStream.Testing;

/// <summary>Something on its way into the log: a record, or several of one key.</summary>
internal sealed record RefCrossing(RefOp Op, int Input, RefKey Key, IReadOnlyList<ModelRecord> Records, long Time);

/// <summary>What combined operators hold back at the reader until the end of a batch.</summary>
internal sealed class RefCombined(EventCounts counts)
{
    private readonly List<RefCrossing> _heldBack = [];

    /// <summary>Records of one key in the same windows become one, with the time of the latest.</summary>
    public void Take(RefCrossing crossing)
    {
        var place = _heldBack.FindIndex(held => held.Op == crossing.Op && held.Key == crossing.Key
            && (crossing.Op is not RefWindow window || window.Aligned(held.Time).SequenceEqual(window.Aligned(crossing.Time))));
        if (place < 0)
            _heldBack.Add(crossing);
        else
            _heldBack[place] = crossing with { Records = [.. _heldBack[place].Records, .. crossing.Records], Time = Math.Max(_heldBack[place].Time, crossing.Time) };
    }

    /// <summary>Gives out what is held back, operator by operator, and of each in the order in which its keys came.</summary>
    public List<RefCrossing> Flush(RefOp source)
    {
        foreach (var held in _heldBack.Where(static held => held.Records.Count > 1))
            counts.Add("job records combined", held.Records.Count);
        if (_heldBack.DistinctBy(static held => held.Op).Skip(1).Any())
            counts.Add("job batch of several combined operators");
        List<RefCrossing> flushed = [.. Behind(source, []).SelectMany(op => _heldBack.Where(held => held.Op == op))];
        _heldBack.Clear();
        return flushed;
    }

    /// <summary>The combined operators in the order in which a record comes to them: to the consumers of an operator as they were declared, and to all behind one of them before the next.</summary>
    private static IEnumerable<RefOp> Behind(RefOp op, HashSet<RefOp> seen)
    {
        foreach (var (consumer, _) in op.Consumers.SelectMany(static output => output))
        {
            if (!seen.Add(consumer))
                continue;
            if (consumer.Spec.IsCombined)
                yield return consumer;
            if (consumer.RunsInApply)
                continue;
            foreach (var further in Behind(consumer, seen))
                yield return further;
        }
    }
}
