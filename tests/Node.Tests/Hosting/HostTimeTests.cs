using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Hosting;

/// <summary>How long calls wait goes by the clock of the host: one that stands still for ever, and moves by hand.</summary>
[TestFixture]
internal sealed class HostTimeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly FakeTimeProvider _time = new();
    private TemporaryFolder _folder = null!;
    private WebApplication _program = null!;

    [OneTimeSetUp]
    public async Task StartOneOfThreeAsync()
    {
        _folder = new TemporaryFolder();
        var ports = Ports.Find(3);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddRaftStream(options =>
            (options.Id, options.Members, options.Data) = (1, $"1=127.0.0.1:{ports[0]},2=127.0.0.1:{ports[1]},3=127.0.0.1:{ports[2]}", _folder.File("node-1")));
        _program = builder.Build();
        _program.MapRaftStream();
        await _program.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await _program.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task AWriteWithoutALeaderEndsWhenTheHostsClockSaysSo()
    {
        var write = _program.Services.GetRequiredService<ICountingStore>().AddAsync("a").AsTask();

        _time.Advance(RequestTimeout.Usual - TimeSpan.FromMilliseconds(1));
        Assert.That(write.IsCompleted, Is.False);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var answer = await write.WaitAsync(Limit);

        Assert.That((answer.Outcome, answer.Refusal), Is.EqualTo((Outcome.Rejected, Refusal.NoLeader)));
    }

    [Test]
    public async Task ALeaseReadWithoutALeaderEndsWhenTheHostsClockSaysSo()
    {
        var read = _program.Services.GetRequiredService<ICountingStore>().GetAsync("a", ReadConsistency.Lease).AsTask();

        _time.Advance(RequestTimeout.Usual - TimeSpan.FromMilliseconds(1));
        Assert.That(read.IsCompleted, Is.False);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var answer = await read.WaitAsync(Limit);

        Assert.That(answer.Outcome, Is.EqualTo(Outcome.Rejected));
        Assert.That(answer.Refusal, Is.EqualTo(Refusal.NoLease).Or.EqualTo(Refusal.TimedOut));
    }
}
