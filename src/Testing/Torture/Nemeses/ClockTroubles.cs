namespace RaftStream.Testing;

/// <summary>Monotonic clocks run fast or slow within what is promised, or leap ahead.</summary>
/// <param name="isDrift">Whether rates change, or clocks leap.</param>
internal sealed class ClockTroubles(bool isDrift) : INemesis
{
    /// <summary>What leases allow for.</summary>
    private const double Promised = 0.01;

    public string Name => isDrift ? "clock-drift" : "clock-jump";

    public string? WhyNot(Field field) => field.HasFaultyNodes ? null : $"The nodes of {field.System.Name} run on real clocks, which do not obey.";

    public async Task<Strike?> StrikeAsync(Field field, SimRandom random)
    {
        var nodes = field.DrawTargets(random);
        var jumps = 0L;
        foreach (var node in nodes)
        {
            var (rate, jump) = (1 + (random.Chance(0.5) ? Promised : -Promised), random.Between(100, 5_000));
            jumps += jump;
            await field.SetFaultsAsync(node, faults => isDrift ? faults with { ClockRate = rate } : faults with { ClockJumpMs = faults.ClockJumpMs + jump });
        }

        return new($"{Name} on {string.Join(' ', nodes)}", nodes, MendAsync, () => Task.FromResult(nodes.Any(IsSeen)));

        bool IsSeen(int node) => field.SeenBy(node) is { } seen && (isDrift ? seen.ClockRate is < 1 or > 1 : jumps > 0 && seen.ClockJumpMs > 0);

        async Task MendAsync()
        {
            // What leapt ahead stays there: a monotonic clock does not go back.
            foreach (var node in nodes.Where(_ => isDrift))
                await field.SetFaultsAsync(node, static faults => faults with { ClockRate = 1 });
        }
    }
}
