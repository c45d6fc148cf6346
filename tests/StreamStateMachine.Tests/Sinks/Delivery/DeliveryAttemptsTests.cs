namespace RaftStream.StreamStateMachine.Tests.Sinks.Delivery;

/// <summary>Attempts, and the pauses between them, by a clock that the test moves.</summary>
[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DeliveryAttemptsTests
{
    private static readonly OutputBatch Batch = new("job", "sink", 1, false, [new(1, 0, "a")]);
    private static readonly Delivered Again = new(DeliveryEnd.Again, "Not now.");

    private readonly HandClock _clock = new();
    private readonly List<double> _attempts = [];
    private readonly List<string> _told = [];
    private bool _isWanted = true;

    [Test]
    public async Task Attempts_are_made_at_growing_distances_until_one_succeeds()
    {
        var running = RunAsync(null, [Again, Again, Again with { NotBefore = TimeSpan.FromSeconds(30) }, Again, Delivered.Taken]);
        await MoveAsync(1, 2, 30, 8);
        Assert.That((await running).End, Is.EqualTo(DeliveryEnd.Taken));
        Assert.That(_attempts, Is.EqualTo(new[] { 0, 1, 3, 33, 41 }));
        Assert.That(_told, Is.EqualTo(Enumerable.Repeat("Not now.", 4)));
    }

    [Test]
    public async Task Nothing_is_tried_before_the_pause_is_over()
    {
        var running = RunAsync(null, [Again, Delivered.Taken]);
        await _clock.Waiting;
        _clock.Move(TimeSpan.FromSeconds(0.999));
        Assert.That((_attempts.Count, running.IsCompleted), Is.EqualTo((1, false)));
        _clock.Move(TimeSpan.FromSeconds(0.001));
        await running;
        Assert.That(_attempts, Is.EqualTo(new[] { 0, 1 }));
    }

    [Test]
    public async Task After_as_many_attempts_as_may_be_it_is_given_up()
    {
        var running = RunAsync(3, [Again, Again, Again, Delivered.Taken]);
        await MoveAsync(1, 2);
        Assert.That(await running, Is.EqualTo(new Delivered(DeliveryEnd.Refused, "Not now. This was attempt 3, the last.", null, IsGivenUp: true)));
        Assert.That(_attempts, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task What_is_refused_is_not_tried_again()
    {
        var refused = new Delivered(DeliveryEnd.Refused, "No.");
        Assert.That(await RunAsync(null, [refused, Delivered.Taken]), Is.EqualTo(refused));
        Assert.That(_attempts, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Who_does_not_lead_any_more_tries_no_more()
    {
        var running = RunAsync(null, [Again, Delivered.Taken]);
        await _clock.Waiting;
        _isWanted = false;
        _clock.Move(TimeSpan.FromSeconds(1));
        Assert.That(((await running).End, _attempts.Count), Is.EqualTo((DeliveryEnd.Again, 1)));
    }

    [Test]
    public async Task A_pause_can_be_broken_off()
    {
        using var stop = new CancellationTokenSource();
        var running = RunAsync(null, [Again, Delivered.Taken], stop.Token);
        await _clock.Waiting;
        await stop.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(_attempts, Has.Count.EqualTo(1));
    }

    private Task<Delivered> RunAsync(int? maxAttempts, IReadOnlyList<Delivered> answers, CancellationToken cancellationToken = default)
    {
        var start = _clock.GetUtcNow();
        var outlet = new Outlet(maxAttempts, () =>
        {
            _attempts.Add((_clock.GetUtcNow() - start).TotalSeconds);
            return answers[_attempts.Count - 1];
        });
        return new DeliveryAttempts(outlet, new(null!, TextWriter.Null, _clock), static () => 0).RunAsync(Batch, () => _isWanted, _told.Add, cancellationToken);
    }

    private async Task MoveAsync(params double[] pauses)
    {
        foreach (var pause in pauses)
        {
            await _clock.Waiting;
            _clock.Move(TimeSpan.FromSeconds(pause));
        }
    }

    private sealed class Outlet(int? maxAttempts, Func<Delivered> answer) : SinkOutlet(new(1, 1024, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), maxAttempts))
    {
        public override string Place => "nowhere";

        public override Task<Delivered> DeliverAsync(OutputBatch batch, DeliveryMeans means, CancellationToken cancellationToken) => Task.FromResult(answer());
    }
}
