using RaftStream.Testing;

namespace RaftStream.Lab.Cap;

/// <summary>Half of the answers came within, and 99 of 100; null where there were none. Milliseconds.</summary>
internal sealed record CapLatency(double? HalfMs, double? MostMs)
{
    public static CapLatency Of(IEnumerable<CapOperation> served)
    {
        double[] times = [.. served.Select(static operation => (operation.Ended - operation.Began).TotalMilliseconds).Order()];
        return times.Length == 0 ? new(null, null) : new(times[times.Length / 2], times[(int)(times.Length * 0.99)]);
    }
}

/// <summary>What one client came to.</summary>
internal sealed record CapScore(CapLevel Level, CapSide Side)
{
    /// <summary>Operations in all.</summary>
    public int Count { get; init; }

    /// <summary>The share that was served of those that lay in stretches without a cut.</summary>
    public double? AvailabilityWhole { get; init; }

    /// <summary>The share that was served of those that lay in a cut from their call to the end of their patience.</summary>
    public double? AvailabilityCut { get; init; }

    /// <summary>How long after a cut the last one was served that was asked for in it; null if none was.</summary>
    public TimeSpan? ServedUntil { get; init; }

    public required CapLatency Before { get; init; }

    public required CapLatency During { get; init; }

    public required CapLatency After { get; init; }

    /// <summary>Reads that lacked an add acknowledged before they began.</summary>
    public int Stale { get; init; }

    /// <summary>How long before it began the oldest such add was acknowledged.</summary>
    public TimeSpan Staleness { get; init; }

    /// <summary>Reads that showed less than the one before.</summary>
    public int WentBack { get; init; }

    /// <summary>Answers that admitted a lower age than theirs was.</summary>
    public int Understated { get; init; }

    /// <summary>Whether the reads, with all adds to what they read, fit one order in real time; null for writes.</summary>
    public Verdict? Linearizable { get; init; }

    /// <summary>Writes that were acknowledged, or are provisional or accepted.</summary>
    public int Taken { get; init; }

    /// <summary>Writes of which nobody knows.</summary>
    public int Unknown { get; init; }

    /// <summary>Writes in the counter at the end.</summary>
    public long Applied { get; init; }

    /// <summary>Provisional writes that were told as lost.</summary>
    public int Lost { get; init; }

    /// <summary>Provisional writes of which nobody told.</summary>
    public int Untold { get; init; }

    /// <summary>Accepted writes that were not applied yet when a cut was mended.</summary>
    public long Late { get; init; }
}

/// <summary>Judges what clients saw.</summary>
internal static class CapScores
{
    /// <summary>A score for each client.</summary>
    public static IReadOnlyList<CapScore> Of(CapRecord run)
    {
        var adds = run.Operations.Where(static one => one[0].Level == CapLevel.Quorum && one[0].Side == CapSide.Majority).SelectMany(static one => one).ToList();
        return [.. run.Operations.Select(operations => operations[0].Level.IsWrite ? Write(run, operations) : Read(run, operations, adds))];
    }

    private static CapScore Common(CapRecord run, IReadOnlyList<CapOperation> operations)
    {
        var patience = CapClient.Patience;
        CapOperation[] InPhases(Func<CapPhase, bool> which) => [.. operations.Where(operation => run.Phases.Any(phase => which(phase) && phase.Holds(operation, patience)))];
        var whole = InPhases(static phase => !phase.IsCut);
        var cut = InPhases(static phase => phase.IsCut);
        static CapOperation[] Served(CapOperation[] some) => [.. some.Where(static operation => operation.End == CapEnd.Served)];
        static double? Share(CapOperation[] some) => some.Length == 0 ? null : (double)Served(some).Length / some.Length;
        var until = run.Phases.Where(static phase => phase.IsCut)
            .SelectMany(phase => operations.Where(operation => operation.End == CapEnd.Served && operation.Began >= phase.From && operation.Ended < phase.To).Select(operation => operation.Began - phase.From))
            .DefaultIfEmpty(TimeSpan.MinValue).Max();
        return new(operations[0].Level, operations[0].Side)
        {
            Count = operations.Count,
            AvailabilityWhole = Share(whole),
            AvailabilityCut = Share(cut),
            ServedUntil = until < TimeSpan.Zero ? null : until,
            Before = CapLatency.Of(Served(InPhases(phase => phase == run.Phases[0]))),
            During = CapLatency.Of(Served(cut)),
            After = CapLatency.Of(Served(InPhases(phase => phase == run.Phases[^1]))),
        };
    }

    private static CapScore Read(CapRecord run, IReadOnlyList<CapOperation> operations, List<CapOperation> adds)
    {
        var (stale, staleness, back, understated, before) = (0, TimeSpan.Zero, 0, 0, 0L);
        foreach (var read in operations.Where(static operation => operation.End == CapEnd.Served))
        {
            var lacked = run.Ticks.Lacked(read.Value, read.Began);
            stale += lacked is null ? 0 : 1;
            staleness = lacked > staleness ? lacked.Value : staleness;
            understated += lacked is { } age && read.AgeMs < age.TotalMilliseconds ? 1 : 0;
            back += read.Value < before ? 1 : 0;
            before = read.Value;
        }

        return Common(run, operations) with { Stale = stale, Staleness = staleness, WentBack = back, Understated = understated, Linearizable = Check(operations, adds) };
    }

    private static CapScore Write(CapRecord run, IReadOnlyList<CapOperation> operations)
    {
        var place = (operations[0].Level, operations[0].Side);
        var fates = operations.Select(operation => operation.Position is { } position ? run.Fates.GetValueOrDefault(position) : null).ToList();
        var isLeader = place.Level == CapLevel.Leader;
        var taken = operations.Count(static operation => operation.End == CapEnd.Served);
        return Common(run, operations) with
        {
            Taken = taken,
            Unknown = operations.Count(static operation => operation.End == CapEnd.Unknown),
            Applied = run.Final.GetValueOrDefault(place),
            Lost = fates.Count(static fate => fate == "lost"),
            Untold = isLeader ? taken - fates.Count(static fate => fate is not null) : 0,
            Late = place == (CapLevel.Available, CapSide.Minority) ? run.AppliedWhileCut.Sum(static cut => cut.Accepted - cut.Applied) : 0,
        };
    }

    /// <summary>The reads of one client and all adds to what it read, in the order of their times, before the checker of histories.</summary>
    private static Verdict Check(IReadOnlyList<CapOperation> reads, List<CapOperation> adds)
    {
        var history = new HistoryRecorder();
        var numbers = new Dictionary<CapOperation, int>(ReferenceEqualityComparer.Instance);
        var all = reads.Where(static read => read.End == CapEnd.Served).Concat(adds.Where(static add => add.End != CapEnd.Refused)).ToList();
        var events = all.Select(static operation => (At: operation.Began, IsCall: true, Operation: operation))
            .Concat(all.Where(static operation => operation.End == CapEnd.Served).Select(static operation => (At: operation.Ended, IsCall: false, Operation: operation)));

        // Of two at the same instant the call is first: then they are taken to overlap, and nothing is called wrong that may be right.
        foreach (var (_, isCall, operation) in events.OrderBy(static one => one.At).ThenByDescending(static one => one.IsCall))
        {
            if (isCall)
            {
                numbers[operation] = operation.Level.IsWrite
                    ? history.Invoke(1, CapTicks.Key, OperationFunction.Add, 1)
                    : history.Invoke(2, CapTicks.Key, OperationFunction.Read);
            }
            else
            {
                history.Ok(numbers[operation], operation.Value);
            }
        }

        return LinearizabilityChecker.Check(history.ToHistory(), HistoryModel.Counter, new() { Explain = false }).Verdict;
    }
}
