using System.Diagnostics;

namespace RaftStream.Node.Tests.Support;

/// <summary>Waits for a condition, never for a time.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits until the condition holds; fails the test, with what was waited for, if it does not within the limit.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, TimeSpan limit)
    {
        using var timer = new PeriodicTimer(Poll);
        var start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
                Assert.Fail($"This did not come true within {limit.TotalSeconds:0} s: {what}.");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>The same for a condition that needs no waiting itself.</summary>
    public static Task HoldsAsync(Func<bool> condition, string what, TimeSpan limit) => HoldsAsync(() => Task.FromResult(condition()), what, limit);
}
