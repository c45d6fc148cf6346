namespace RaftStream.Testing;

/// <summary>
/// A leader that is cut off and does not know: what the others answered before is still on its way to it, while nothing of its own arrives any more, so that
/// they elect another one. Whoever answers reads because it was heard lately answers stale ones.
/// </summary>
internal sealed class StaleLeader : INemesis
{
    /// <summary>
    /// Answers grow late by steps: each step is a silence as long as itself, and a leader steps down after one of an election timeout, which is 300 ms.
    /// </summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(150);

    private const int Steps = 6;

    public string Name => "stale-leader";

    public string? WhyNot(Field field) =>
        field.Driver.Abilities.HasFlag(LinkFaults.Drop | LinkFaults.Delay) ? null : $"The driver {field.Driver.Name} cannot make answers late.";

    public async Task<Strike?> StrikeAsync(Field field, SimRandom random)
    {
        if (field.Watch.Leader is not { } leader || !field.Members.Contains(leader))
            return null;
        var others = field.Members.Where(node => node != leader).ToList();
        var late = others.ToDictionary(node => new Link(node, leader), static _ => new LinkFault { Delay = Step });
        var cut = others.ToDictionary(node => new Link(leader, node), static _ => new LinkFault { Drops = true });
        var before = await field.Driver.TouchedAsync();
        for (var step = 0; step < Steps; step++)
        {
            await field.Ways.AddAsync(late);
            await field.Watch.HoldsAsync(() => field.Watch.Leader != leader, 2 * Step);
        }

        await field.Ways.AddAsync(cut);
        return new($"leader {leader} hears the past", [leader], MendAsync, async () => await field.Driver.TouchedAsync() > before) { AtLeast = TimeSpan.FromSeconds(1) };

        async Task MendAsync()
        {
            await field.Ways.RemoveAsync(cut);
            for (var step = 0; step < Steps; step++)
                await field.Ways.RemoveAsync(late);
        }
    }
}
