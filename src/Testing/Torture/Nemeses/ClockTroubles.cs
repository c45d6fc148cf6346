namespace RaftStream.Testing;

/// <summary>Monotonic clocks run fast or slow within what is promised, or leap ahead.</summary>
/// <param name="isDrift">Whether rates change, or clocks leap.</param>
internal sealed class ClockTroubles(bool isDrift) : INemesis
{
    /// <summary>What leases allow for.</summary>
    private const double Promised = 0.01;

    /// <summary>The nemesis that leaps.</summary>
    private const string Jump = "clock-jump";

    /// <summary>
    /// For how long a leap can break a lease that was granted before it: no longer than voters keep one, which is less than an election timeout. A generous
    /// bound, since a node that was held up takes up its leap late.
    /// </summary>
    private static readonly TimeSpan LongestLease = TimeSpan.FromSeconds(5);

    public string Name => isDrift ? "clock-drift" : Jump;

    /// <summary>
    /// The stretches of a run in which a clock had just leapt. One that not every node was seen to make may be made whenever the node wakes up: its stretch
    /// lasts to the end.
    /// </summary>
    public static IReadOnlyList<ClockLeap> LeapsOf(IEnumerable<RunFault> faults) =>
        [.. faults.Where(static fault => fault.Nemesis == Jump).Select(static fault => new ClockLeap(fault.Began, fault.TookEffect ? fault.Ended + ((long)LongestLease.TotalMilliseconds * 1_000_000) : long.MaxValue))];

    public string? WhyNot(Field field) => field.HasFaultyNodes ? null : $"The nodes of {field.System.Name} run on real clocks, which do not obey.";

    public async Task<Strike?> StrikeAsync(Field field, SimRandom random)
    {
        var nodes = field.DrawTargets(random);
        var wanted = new Dictionary<int, long>();
        foreach (var node in nodes)
        {
            var (rate, jump) = (1 + (random.Chance(0.5) ? Promised : -Promised), random.Between(100, 5_000));
            await field.SetFaultsAsync(node, faults =>
            {
                wanted[node] = faults.ClockJumpMs + jump;
                return isDrift ? faults with { ClockRate = rate } : faults with { ClockJumpMs = wanted[node] };
            });
        }

        return new($"{Name} on {string.Join(' ', nodes)}", nodes, MendAsync, () => Task.FromResult(isDrift ? nodes.Any(IsSeen) : nodes.All(IsSeen)));

        bool IsSeen(int node) => field.SeenBy(node) is { } seen && (isDrift ? seen.ClockRate is < 1 or > 1 : seen.ClockJumpMs >= wanted[node]);

        async Task MendAsync()
        {
            // What leapt ahead stays there: a monotonic clock does not go back.
            foreach (var node in nodes.Where(_ => isDrift))
                await field.SetFaultsAsync(node, static faults => faults with { ClockRate = 1 });
        }
    }
}
