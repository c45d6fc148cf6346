using System.Runtime.CompilerServices;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Sources whose position is the number of records: enumerables of the user, and generated records.</summary>
[TestFixture]
internal sealed class NumberedSourceTests
{
    [Test]
    public async Task An_enumerable_is_opened_at_the_record_behind_the_position()
    {
        var opened = new List<(string, long)>();
        var source = Sources.FromAsync(
            (partition, from, stop) =>
            {
                opened.Add((partition, from));
                return NumbersAsync(from, 5, stop);
            },
            "b",
            "a");
        Assert.That(await source.ListPartitionsAsync(CancellationToken.None), Is.EqualTo(new[] { "a", "b" }));
        var position = await source.PositionBehindAsync("b", 3);
        Assert.That((await source.ReadAllAsync("b", position)).Select(static record => record.Value), Is.EqualTo(new[] { 3L, 4L }));
        Assert.That((await source.ReadAllAsync("a")).Select(static record => record.Value), Is.EqualTo(new[] { 0L, 1L, 2L, 3L, 4L }));
        Assert.That(opened, Is.EqualTo(new[] { ("b", 0L), ("b", 3L), ("a", 0L) }));
        Assert.That(await source.PositionBehindAsync("a", 0), Is.EqualTo(default(SourcePosition)));
    }

    [Test]
    public async Task A_cancelled_read_of_an_enumerable_loses_no_record()
    {
        var gate = new TaskCompletionSource();
        var source = Sources.FromAsync((_, _, stop) => GatedAsync(gate.Task, stop), "a");
        await using var reader = await source.OpenAsync("a", default, CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        var read = reader.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await read, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(reader.Position.IsStart);
        gate.SetResult();
        Assert.That(await reader.ReadAsync(CancellationToken.None), Is.True);
        Assert.That(reader.Current.Value, Is.EqualTo("first"));
    }

    [Test]
    public async Task The_end_of_a_reader_cancels_the_enumerable_and_waits_for_it()
    {
        var isOver = false;
        var source = Sources.FromAsync((_, _, stop) => EndlessAsync(() => isOver = true, stop), "a");
        var reader = await source.OpenAsync("a", default, CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        var read = reader.ReadAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        Assert.That(async () => await read, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(isOver, Is.False);
        await reader.DisposeAsync();
        Assert.That(isOver, Is.True);
        Assert.That(async () => await reader.DisposeAsync(), Throws.Nothing, "a second end changes nothing");
    }

    [Test]
    public void A_failure_of_the_enumerable_is_the_readers()
    {
        var source = Sources.FromAsync(static (_, _, _) => FailingAsync(), "a");
        Assert.That(async () => await source.ReadAllAsync("a"), Throws.TypeOf<IOException>().With.Message.EqualTo("The line is down."));
    }

    [Test]
    public async Task Generated_records_depend_on_partition_and_number_alone()
    {
        var source = Sources.Generate(12, static (partition, number) => $"{partition}/{number}", count: 4);
        var partitions = await source.ListPartitionsAsync(CancellationToken.None);
        Assert.That((partitions.Count, partitions[0], partitions[11]), Is.EqualTo((12, "0000", "0011")));
        var position = await source.PositionBehindAsync("0011", 3);
        Assert.That((await source.ReadAllAsync("0011", position)).Select(static record => record.Value), Is.EqualTo(new[] { "0011/3" }));
        Assert.That((await source.ReadAllAsync("0001")).Select(static record => record.Value), Is.EqualTo(new[] { "0001/0", "0001/1", "0001/2", "0001/3" }));
        Assert.That(await source.ReadAllAsync("0001", await source.PositionBehindAsync("0001", 4)), Is.Empty);
    }

    [Test]
    [CancelAfter(30_000)]
    public async Task Generated_records_come_at_their_rate_since_the_opening(CancellationToken cancellationToken)
    {
        var clock = new HandClock();
        var source = Sources.Generate(1, static (_, number) => number, recordsPerSecond: 4, timeProvider: clock);
        await using var reader = await source.OpenAsync("0000", await source.PositionBehindAsync("0000", 1), CancellationToken.None);
        Assert.That(reader.ReadAsync(cancellationToken).AsTask().IsCompletedSuccessfully, Is.True, "the first one comes at once");
        var read = reader.ReadAsync(cancellationToken).AsTask();
        await clock.Waiting.WaitAsync(cancellationToken);
        Assert.That(read.IsCompleted, Is.False);
        clock.Move(TimeSpan.FromMilliseconds(249));
        Assert.That(read.IsCompleted, Is.False);
        clock.Move(TimeSpan.FromMilliseconds(1));
        Assert.That(await read, Is.True);
        Assert.That(reader.Current.Value, Is.EqualTo(2));

        // A second late: the four that are due come without a wait, the fifth does not.
        clock.Move(TimeSpan.FromSeconds(1));
        for (var due = 0; due < 4; due++)
            Assert.That(reader.ReadAsync(CancellationToken.None).AsTask().IsCompletedSuccessfully, Is.True, $"{due}");
        using var cancel = new CancellationTokenSource();
        var early = reader.ReadAsync(cancel.Token).AsTask();
        Assert.That(early.IsCompleted, Is.False);
        await cancel.CancelAsync();
        Assert.That(async () => await early, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(reader.Current.Value, Is.EqualTo(6));
    }

    [Test]
    public void What_is_out_of_range_is_refused()
    {
        var source = Sources.Generate(2, static (_, number) => number);
        var mine = Sources.FromAsync(static (_, from, stop) => NumbersAsync(from, 5, stop), "a");
        Assert.Multiple(() =>
        {
            Assert.That(() => Sources.Generate(0, static (_, number) => number), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => Sources.Generate(1, static (_, number) => number, recordsPerSecond: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => Sources.Generate(1, static (_, number) => number, count: -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => Sources.FromAsync(static (_, from, stop) => NumbersAsync(from, 5, stop)), Throws.ArgumentException);
            Assert.That(() => Sources.FromAsync(static (_, from, stop) => NumbersAsync(from, 5, stop), "a", "a"), Throws.ArgumentException);
            Assert.That(() => Sources.FromAsync(static (_, from, stop) => NumbersAsync(from, 5, stop), "a\n"), Throws.ArgumentException);
            Assert.That(async () => await source.OpenAsync("0002", default, CancellationToken.None), Throws.ArgumentException);
            Assert.That(async () => await mine.OpenAsync("b", default, CancellationToken.None), Throws.ArgumentException);
            Assert.That(async () => await mine.OpenAsync("a", new([0xC0]), CancellationToken.None), Throws.ArgumentException);
            Assert.That(async () => await mine.OpenAsync("a", new([0xFF]), CancellationToken.None), Throws.ArgumentException, "-1");
        });
    }

    private static async IAsyncEnumerable<long> NumbersAsync(long from, long to, [EnumeratorCancellation] CancellationToken stop)
    {
        for (var number = from; number < to; number++)
        {
            await Task.Yield();
            stop.ThrowIfCancellationRequested();
            yield return number;
        }
    }

    private static async IAsyncEnumerable<string> GatedAsync(Task gate, [EnumeratorCancellation] CancellationToken stop)
    {
        await gate.WaitAsync(stop);
        yield return "first";
    }

    private static async IAsyncEnumerable<string> EndlessAsync(Action over, [EnumeratorCancellation] CancellationToken stop)
    {
        try
        {
            await new TaskCompletionSource().Task.WaitAsync(stop);
        }
        finally
        {
            over();
        }

        yield break;
    }

    private static async IAsyncEnumerable<string> FailingAsync()
    {
        yield return "first";
        await Task.FromException(new IOException("The line is down."));
    }
}
