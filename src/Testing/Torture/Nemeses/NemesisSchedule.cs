namespace RaftStream.Testing;

/// <summary>
/// Lets nemeses strike, one after the other and sometimes two at once, in an order (<see cref="NemesisTurns"/>) and for times drawn from a seed.
/// </summary>
internal sealed class NemesisSchedule(Field field, IReadOnlyList<INemesis> nemeses, SimRandom random, RunClock clock)
{
    /// <summary>Many mean the leader, and are idle without one; an election takes less.</summary>
    private static readonly TimeSpan LeaderPatience = TimeSpan.FromSeconds(2);

    private readonly NemesisTurns _turns = new(nemeses, random);
    private readonly List<RunFault> _faults = [];
    private readonly Dictionary<string, int> _missed = new(StringComparer.Ordinal);
    private string _current = "";

    /// <summary>What was done so far.</summary>
    public IReadOnlyList<RunFault> Faults
    {
        get
        {
            lock (_faults)
                return [.. _faults];
        }
    }

    /// <summary>What is in force now, for a display; empty for nothing.</summary>
    public string Current => Volatile.Read(ref _current);

    /// <summary>How often a nemesis found nothing to strike.</summary>
    public IReadOnlyDictionary<string, int> Missed => _missed;

    /// <summary>Strikes until told to stop; what is in force then is mended.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (nemeses.Count > 0 && !stop.IsCancellationRequested)
        {
            await WaitAsync(random.Between(500, 2_500), stop);
            if (stop.IsCancellationRequested)
                return;
            await StrikeAsync(random.Chance(0.3) ? 2 : 1, stop);
        }
    }

    private async Task StrikeAsync(int count, CancellationToken stop)
    {
        var inForce = new List<(INemesis Nemesis, Strike Strike, long Began)>();
        await field.Watch.HoldsAsync(() => field.Watch.Leader is not null, LeaderPatience);
        for (; count > 0; count--)
        {
            var nemesis = _turns.Next();
            var began = Now;
            Volatile.Write(ref _current, nemesis.Name);
            if (await nemesis.StrikeAsync(field, random) is { } strike)
            {
                inForce.Add((nemesis, strike, began));
                continue;
            }

            _missed[nemesis.Name] = _missed.GetValueOrDefault(nemesis.Name) + 1;
            _turns.Defer(nemesis);
        }

        Volatile.Write(ref _current, string.Join(", ", inForce.Select(static one => $"{one.Nemesis.Name} ({one.Strike.What})")));
        if (inForce.Exists(static one => !one.Strike.IsOver))
        {
            var least = (int)inForce.Max(static one => one.Strike.AtLeast).TotalMilliseconds;
            await WaitAsync(least + random.Between(500, 6_000), stop);
        }

        foreach (var (nemesis, strike, began) in inForce)
        {
            var tookEffect = await strike.TookEffect();
            var ended = Now;
            await strike.Mend();
            lock (_faults)
                _faults.Add(new(nemesis.Name, strike.What, began, ended, strike.Nodes, tookEffect));
        }

        // A node that a strike ended otherwise than it meant, as a full disk may at a start, comes back as under a supervisor.
        foreach (var node in field.Members.Where(node => !field.Driver.IsRunning(node)))
            field.Driver.Start(node);
        Volatile.Write(ref _current, "");
    }

    private long Now => clock.Now;

    private static async Task WaitAsync(int milliseconds, CancellationToken stop)
    {
        try
        {
            await Task.Delay(milliseconds, stop);
        }
        catch (OperationCanceledException)
        {
            // Time is over: the caller looks.
        }
    }
}
