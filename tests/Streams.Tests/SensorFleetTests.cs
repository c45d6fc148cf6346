using System.Diagnostics;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Streams.Tests;

/// <summary>The sample with a thousand sensors, for less than the ten minutes that it is made for.</summary>
[TestFixture]
internal sealed class SensorFleetTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    [Test]
    public async Task NoReadingIsLostOrDoubledWhicheverNodeIsKilled()
    {
        using var folder = new TemporaryFolder();
        var (code, output) = await RunAsync("15", "5", folder.Path);
        Assert.That(code, Is.Zero, output);
        Assert.Multiple(() =>
        {
            for (var node = 1; node <= 3; node++)
                Assert.That(output, Does.Contain($"node {node}: 15000 readings of 1000 sensors, 0 lost, 0 doubled, 0 sums or minutes wrong"));
            Assert.That(output, Does.Contain(", which led, killed: "));
            Assert.That(output, Does.Match("[2-9] nodes killed, [0-9]+ batches sent again: no reading lost or doubled"));
        });
    }

    [Test]
    public async Task WhatIsNoSpanIsRefusedWithOneSentence()
    {
        var (code, output) = await RunAsync("600", "soon", "data");
        Assert.That((code, output), Is.EqualTo((64, "Give how many seconds to run (1 to 86400), after how many a node is killed each time (3 or more), and an empty folder for the nodes' data: SensorFleet 600 60 data\n")));
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        // A sample in its own folder, which stands beside ours, in the same configuration.
        var program = Path.Combine(AppContext.BaseDirectory, "..", "..", "SensorFleet", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "SensorFleet");
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(Limit);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, await output + await errors);
    }
}
