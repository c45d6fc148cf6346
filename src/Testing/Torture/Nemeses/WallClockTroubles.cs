using System.Globalization;

namespace RaftStream.Testing;

/// <summary>
/// Wall clocks leap by hours, or flip back and forth every few milliseconds, while monotonic clocks stay true. No replica reads one for anything but a label, so
/// nothing may come of it: that is proven here instead of asserted.
/// </summary>
/// <param name="isStrobe">Whether clocks flip, or leap once.</param>
internal sealed class WallClockTroubles(bool isStrobe) : INemesis
{
    public string Name => isStrobe ? "wall-strobe" : "wall-jump";

    public string? WhyNot(Field field) =>
        field.HasFaultyNodes ? field.Driver.WhyNoWallClocks : $"The nodes of {field.System.Name} do not tell what their wall clocks show, so nobody would see that they leapt.";

    public async Task<Strike?> StrikeAsync(Field field, SimRandom random)
    {
        var nodes = field.DrawTargets(random);
        var by = TimeSpan.FromSeconds(random.Between(3_600, 12 * 3_600) * (random.Chance(0.5) ? 1 : -1));
        var every = TimeSpan.FromMilliseconds(random.Between(3, 200));
        var mend = isStrobe ? field.WallClocks.Swing(nodes, by, every) : Leap(field, nodes, by);
        var since = new Dictionary<int, long>();
        foreach (var node in nodes)
            since[node] = await field.LookAnewAsync(node);
        var how = isStrobe ? string.Create(CultureInfo.InvariantCulture, $"every {every.TotalMilliseconds} ms") : "once";
        return new(string.Create(CultureInfo.InvariantCulture, $"wall clock by {by.TotalHours:+0.0;-0.0} h {how} on {string.Join(' ', nodes)}"), nodes, MendAsync, () => Task.FromResult(nodes.Any(IsSeen)))
        {
            AtLeast = TimeSpan.FromSeconds(2),
        };

        // Half of it is enough: no other trouble moves a wall clock by as much, and the true one may be slewed a little meanwhile.
        bool IsSeen(int node) => field.SeenBy(node) is { } seen && seen.Sequence >= since[node] && (isStrobe
            ? seen.WallHighMs - seen.WallLowMs >= by.Duration().TotalMilliseconds / 2
            : by > TimeSpan.Zero ? seen.WallHighMs - WallClocks.TrueMs >= by.TotalMilliseconds / 2 : seen.WallLowMs - WallClocks.TrueMs <= by.TotalMilliseconds / 2);

        async Task MendAsync()
        {
            await mend();
            foreach (var node in nodes)
                await field.LookAnewAsync(node);
        }
    }

    private static Func<Task> Leap(Field field, IReadOnlyList<int> nodes, TimeSpan by)
    {
        Move(by);
        return () =>
        {
            Move(-by);
            return Task.CompletedTask;
        };

        void Move(TimeSpan distance)
        {
            foreach (var node in nodes)
                field.WallClocks.Move(node, distance);
        }
    }
}
