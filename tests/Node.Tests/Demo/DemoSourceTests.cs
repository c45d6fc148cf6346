using RaftStream.Node.Demo;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Demo;

[TestFixture]
internal sealed class DemoSourceTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(10_000)]
    public async Task NoPassGoesBeyondTheGateOrToTheEndUntilItIsReleased(int length)
    {
        using var folder = new TemporaryFolder();
        var source = new DemoSource(folder.Write("text", new string('a', length)), repeat: 1);
        await using var pass = source.OpenPass();
        var read = ReadToEndAsync(pass);

        await Eventually.HoldsAsync(() => source.AtGate, "the pass waits at the gate", Limit);
        Assert.That(read.IsCompleted, Is.False);
        source.Release();

        Assert.That(await read.WaitAsync(Limit), Is.EqualTo(length));
    }

    [Test]
    public async Task ANewPassStartsAtTheFirstByteAndIsNotPacedOverWhatIsCommitted()
    {
        using var folder = new TemporaryFolder();
        var source = new DemoSource(folder.Write("text", new string('a', 1_000_000)), repeat: 1);
        source.Release();
        source.Committed = 1_000_000;
        await using var pass = source.OpenPass();
        var start = System.Diagnostics.Stopwatch.GetTimestamp();

        Assert.That(await ReadToEndAsync(pass), Is.EqualTo(1_000_000));
        Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(start), Is.LessThan(TimeSpan.FromSeconds(2)), "the pace would take four seconds");
    }

    [Test]
    public void OnlySmallSourcesArePaced()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("text", new string('a', 1024 * 1024));

        Assert.That(new DemoSource(file, repeat: 1).PaceBytesPerSecond, Is.EqualTo(256 * 1024));
        Assert.That(new DemoSource(file, repeat: 16).PaceBytesPerSecond, Is.Null);
    }

    [Test]
    public void TheMeterFindsTheGapAndTheRatesAroundTheKill()
    {
        var meter = new ProgressMeter();
        meter.Observe(At(0.0, 0));
        meter.Observe(At(1.0, 100));
        meter.Observe(At(1.5, 100));
        meter.Observe(At(2.0, 200));
        meter.MarkKill();
        meter.Observe(At(2.1, 200));
        meter.Observe(At(5.0, 300));
        meter.Observe(At(7.0, 400));

        Assert.That(meter.LongestGap, Is.EqualTo(TimeSpan.FromSeconds(3)));
        Assert.That(meter.RateBefore, Is.EqualTo(100));
        Assert.That(meter.RateAfter, Is.EqualTo(50));
        Assert.That(meter.LastBeforeKill?.Offset, Is.EqualTo(200));
    }

    [Test]
    public void TheMeterSaysNothingAboutWhatWasTooShort()
    {
        var meter = new ProgressMeter();
        meter.Observe(At(1.0, 100));
        meter.MarkKill();
        meter.Observe(At(2.0, 200));

        Assert.That(meter.RateBefore, Is.Null);
        Assert.That(meter.RateAfter, Is.Null);
    }

    private static ProgressSample At(double seconds, long words) => new(TimeSpan.FromSeconds(seconds), words, words);

    private static async Task<long> ReadToEndAsync(Stream stream)
    {
        var buffer = new byte[64 * 1024];
        var total = 0L;
        int count;
        while ((count = await stream.ReadAsync(buffer)) > 0)
            total += count;
        return total;
    }
}
