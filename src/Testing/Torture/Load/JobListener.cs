namespace RaftStream.Testing;

/// <summary>One subscriber of a job's sink: used by whoever took it, one at a time.</summary>
/// <param name="sink">To which sink.</param>
internal sealed class JobListener(string sink)
{
    private readonly List<JobStretch> _stretches = [];

    /// <summary>The sink.</summary>
    public string Sink => sink;

    /// <summary>The sequence that it wants next.</summary>
    public long Next { get; private set; } = 1;

    /// <summary>What it was told so far.</summary>
    public JobSubscriber Account => new(sink, _stretches);

    /// <summary>Listens at a node, from where it is, until it is told to stop or has heard all before a sequence; gives how many outputs it heard.</summary>
    public async Task<int> ListenAsync(IJobSystem system, string job, int node, string address, long until, CancellationToken end)
    {
        var told = new List<JobOutput>();
        _stretches.Add(new(node, Next, told));
        if (Next >= until)
            return 0;
        await foreach (var output in system.SubscribeAsync(address, job, sink, Next, end))
        {
            told.Add(output);
            Next = output.Sequence + 1;
            if (Next >= until)
                break;
        }

        return told.Count;
    }
}
