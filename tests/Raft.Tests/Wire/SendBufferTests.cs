using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Tests.Wire;

public sealed class SendBufferTests
{
    [Test]
    public async Task Everything_that_accumulated_is_taken_at_once_and_in_order()
    {
        var buffer = new SendBuffer(Frame.Backlog(Lane.Control));
        buffer.Open();
        for (var number = 0; number < 1000; number++)
            Assert.That(buffer.TryAdd(Loopback.NumberedFrame(1, number)), Is.True);
        Assert.That(await buffer.ReadyAsync(), Is.True);
        var batch = buffer.Take();
        Assert.That(Frame.Seal(batch.Span), Is.EqualTo(1000));
        using var reader = new FrameReader(new MemoryStream(batch.ToArray()), new(2), Lane.Control, new(), TimeSpan.FromSeconds(30), CancellationToken.None);
        for (var number = 0; number < 1000; number++)
        {
            Assert.That(await reader.ReadAsync(), Is.EqualTo(FrameFault.None));
            Assert.That(Loopback.NumberOf(reader.Current), Is.EqualTo(number));
        }
    }

    [Test]
    public async Task Both_halves_together_stay_within_the_backlog()
    {
        const int Backlog = 10_000;
        var frame = new byte[1000 - Frame.OuterSize];
        var buffer = new SendBuffer(Backlog);
        buffer.Open();
        for (var count = 0; count < 6; count++)
            Assert.That(buffer.TryAdd(frame), Is.True);
        Assert.That(await buffer.ReadyAsync(), Is.True);
        Assert.That(buffer.Take().Length, Is.EqualTo(6000));
        for (var count = 0; count < 4; count++)
            Assert.That(buffer.TryAdd(frame), Is.True);
        Assert.That(buffer.TryAdd(frame), Is.False, "six are being written and four wait");
        Assert.That(buffer.Pending, Is.EqualTo(Backlog));
        Assert.That(await buffer.ReadyAsync(), Is.True);
        Assert.That(buffer.TryAdd(frame), Is.True, "the six are written");
    }

    [Test]
    public async Task A_waiting_writer_is_woken_by_a_frame_and_by_a_close()
    {
        var buffer = new SendBuffer(1000);
        buffer.Open();
        var ready = buffer.ReadyAsync().AsTask();
        Assert.That(ready.IsCompleted, Is.False);
        buffer.TryAdd([1, 0, 0, 0]);
        Assert.That(await ready.WaitAsync(TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(buffer.Take().Length, Is.EqualTo(16));
        ready = buffer.ReadyAsync().AsTask();
        Assert.That(ready.IsCompleted, Is.False);
        buffer.Close();
        Assert.That(await ready.WaitAsync(TimeSpan.FromSeconds(30)), Is.False);
    }

    [Test]
    public async Task What_waited_when_the_connection_went_is_dropped()
    {
        var buffer = new SendBuffer(1000);
        Assert.That(buffer.TryAdd([1, 0, 0, 0]), Is.False, "not open yet");
        buffer.Open();
        Assert.That(buffer.TryAdd([1, 0, 0, 0]), Is.True);
        buffer.Close();
        Assert.That(buffer.TryAdd([1, 0, 0, 0]), Is.False, "closed");
        Assert.That(await buffer.ReadyAsync(), Is.False);
        buffer.Open();
        Assert.That(buffer.Pending, Is.Zero);
    }

    [Test]
    public async Task Adding_allocates_nothing_once_warm()
    {
        var frame = Loopback.NumberedFrame(1, 1, 80);
        var buffer = new SendBuffer(Frame.Backlog(Lane.Control));
        buffer.Open();
        for (var round = 0; round < 20; round++)
        {
            Add(buffer, frame, 5000);
            Assert.That(await buffer.ReadyAsync(), Is.True);
            buffer.Take();
        }

        var ready = buffer.ReadyAsync().AsTask();
        Assert.That(ready.IsCompleted, Is.False, "nothing waits");
        Assert.That(Add(buffer, frame, 5000), Is.LessThan(1024), "bytes for 5,000 frames and the one wake-up among them");
    }

    private static long Add(SendBuffer buffer, byte[] frame, int count)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var number = 0; number < count; number++)
            buffer.TryAdd(frame);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
