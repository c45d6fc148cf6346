namespace RaftStream.Testing;

/// <summary>Who hands in the records of a source, one batch after the other: the next only when the one before is known to be taken. Used by whichever client took it.</summary>
/// <param name="job">The job.</param>
/// <param name="source">The number of the source.</param>
/// <param name="number">Which producer of it.</param>
internal sealed class JobProducer(TortureJob job, int source, int number)
{
    private const string Letters = "abcd";
    private const double IsLate = 0.12;

    // The watermark of a slow run lies seconds behind.
    private const int LeastLate = 5_000;
    private const int MostLate = 30_000;

    private const double IsAhead = 0.03;

    private readonly List<JobBatch> _batches = [];
    private long _next = 1;

    /// <summary>All that it sent.</summary>
    public IReadOnlyList<JobBatch> Batches => _batches;

    /// <summary>The call of the batch under way, in the history; null where none is.</summary>
    public OpenOperation? Open { get; private set; }

    /// <summary>The newest batch.</summary>
    public JobBatch Newest => _batches[^1];

    /// <summary>What a node is sent.</summary>
    public JobLines Lines => new(job.Name, job.SourceName(source), TortureJob.NameOf(number), Newest.First, [.. Newest.Records.Select(static record => record.ToString())]);

    /// <summary>Draws the next batch, whose times lie about an instant: most no more out of order than is allowed, some late, some ahead.</summary>
    public void Begin(SimRandom random, long invoked, long time)
    {
        var records = Enumerable.Range(0, random.Between(1, job.MostOfBatch)).Select(place => Draw(random, _next + place, time)).ToArray();
        Begin(records, invoked);
    }

    /// <summary>Draws a record at an instant behind all others, which closes what is open by then.</summary>
    public void End(long invoked, long time) => Begin([new("a", TortureJob.NumberOf(source, number, _next), time)], invoked);

    /// <summary>The batch under way is known to be taken.</summary>
    public void Done(long now)
    {
        (Open, Newest.Acknowledged) = (null, now);
        _next += Newest.Records.Count;
    }

    private void Begin(ModelRecord[] records, long invoked)
    {
        _batches.Add(new(source, number, _next, records) { Invoked = invoked });
        var name = $"{job.Name}/{source}/{TortureJob.NameOf(number)}";
        Open = new(new(name, OperationFunction.Append, _next + records.Length - 1), invoked);
    }

    private ModelRecord Draw(SimRandom random, long sequence, long time)
    {
        time -= random.Below(TortureJob.OutOfOrderness);
        if (random.Chance(IsLate))
            time -= random.Between(LeastLate, MostLate);
        else if (random.Chance(IsAhead))
            time += random.Below(TortureJob.Unit * 4);
        if (random.Chance(0.3))
            time -= time % TortureJob.Unit;
        var key = random.Chance(0.5) ? Letters[random.Below(Letters.Length)].ToString() : $"{Letters[random.Below(Letters.Length)]}{random.Below(2)}";
        return new(key, TortureJob.NumberOf(source, number, sequence), time);
    }
}
