namespace RaftStream.Testing;

/// <summary>What hoards: which keys it knows, and until when.</summary>
internal sealed class RefHoard(JobReference job, int place, OpSpec spec) : RefOp(job, place, spec)
{
    private readonly UndoMap<RefKey, long> _ends = new(job.Undo);

    /// <summary>How many records have come of keys that it did not know, also in batches that were declined.</summary>
    public int New { get; private set; }

    /// <summary>The same of keys that it knew.</summary>
    public int Known { get; private set; }

    public override void Receive(int input, ModelRecord record, long time)
    {
        var key = KeyOf(input, record, time);
        var isKnown = _ends.Get(key) > Job.LogTime;
        (New, Known) = isKnown ? (New, Known + 1) : (New + 1, Known);
        _ends.Set(key, Job.LogTime + (Spec.TimeToLive * 1_000_000));
        Emit(0, record with { Number = isKnown ? 1 : 0 }, time);
    }
}
