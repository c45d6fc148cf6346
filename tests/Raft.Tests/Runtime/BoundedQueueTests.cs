using RaftStream.Raft.Runtime;

namespace RaftStream.Raft.Tests.Runtime;

public sealed class BoundedQueueTests
{
    private static readonly TimeSpan LongPark = TimeSpan.FromSeconds(20);

    [Test]
    public void Items_come_out_in_order_and_a_full_queue_refuses()
    {
        var queue = new BoundedQueue<int>(4, new Parker());
        for (var lap = 0; lap < 10; lap++)
        {
            for (var item = 0; item < 4; item++)
                Assert.That(queue.TryEnqueue((lap * 10) + item), Is.True);
            Assert.That(queue.TryEnqueue(99), Is.False);
            Assert.That(queue.Count, Is.EqualTo(4));
            for (var item = 0; item < 4; item++)
            {
                Assert.That(queue.TryDequeue(out var taken), Is.True);
                Assert.That(taken, Is.EqualTo((lap * 10) + item));
            }

            Assert.That(queue.TryDequeue(out _), Is.False);
            Assert.That(queue.Count, Is.Zero);
        }
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(3)]
    [TestCase(1000)]
    public void A_capacity_that_is_no_power_of_two_is_refused(int capacity)
    {
        Assert.That(() => new BoundedQueue<int>(capacity, new Parker()), Throws.TypeOf<InvariantException>());
    }

    [Test]
    public void Many_producers_lose_and_double_nothing_and_keep_their_order()
    {
        const int Producers = 4;
        const int Items = 200_000;
        var parker = new Parker();
        var queue = new BoundedQueue<(int Producer, int Item)>(1024, parker);
        var threads = Enumerable.Range(0, Producers).Select(producer => new Thread(() =>
        {
            for (var item = 0; item < Items; item++)
            {
                while (!queue.TryEnqueue((producer, item)))
                    Thread.Yield();
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        var next = new int[Producers];
        for (var taken = 0; taken < Producers * Items;)
        {
            if (!queue.TryDequeue(out var got))
            {
                parker.Park(LongPark);
                continue;
            }

            taken++;
            if (got.Item != next[got.Producer]++)
                Assert.Fail($"Producer {got.Producer} gave {got.Item} where {next[got.Producer] - 1} was due.");
        }

        Array.ForEach(threads, thread => thread.Join());
        Assert.That(queue.TryDequeue(out _), Is.False);
        Assert.That(next, Is.All.EqualTo(Items));
    }

    [Test]
    public void No_wake_up_is_lost_between_two_threads_that_park_for_each_other()
    {
        const int Rounds = 100_000;
        var (there, back) = (new Parker(), new Parker());
        var (ping, pong) = (new BoundedQueue<int>(2, there), new BoundedQueue<int>(2, back));
        var longest = TimeSpan.Zero;
        var echo = new Thread(() =>
        {
            for (var round = 0; round < Rounds; round++)
                pong.TryEnqueue(TakeParked(ping, there, ref longest));
        });
        echo.Start();
        var ownLongest = TimeSpan.Zero;
        for (var round = 0; round < Rounds; round++)
        {
            ping.TryEnqueue(round);
            if (TakeParked(pong, back, ref ownLongest) != round)
                Assert.Fail($"Round {round} came back as another.");
        }

        echo.Join();
        Assert.That(ownLongest, Is.LessThan(LongPark), "a lost wake-up would have slept to the end");
        Assert.That(longest, Is.LessThan(LongPark));
    }

    [Test]
    public void One_consumer_waits_on_several_queues()
    {
        const int Items = 20_000;
        var parker = new Parker();
        BoundedQueue<int>[] queues = [new(64, parker), new(64, parker), new(64, parker)];
        var threads = queues.Select(queue => new Thread(() =>
        {
            for (var item = 0; item < Items; item++)
            {
                while (!queue.TryEnqueue(item))
                    Thread.Yield();
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        var next = new int[queues.Length];
        while (next.Sum() < Items * queues.Length)
        {
            var worked = false;
            for (var place = 0; place < queues.Length; place++)
            {
                while (queues[place].TryDequeue(out var item))
                {
                    worked = true;
                    if (item != next[place]++)
                        Assert.Fail($"Queue {place} gave {item} out of turn.");
                }
            }

            if (!worked)
                parker.Park(LongPark);
        }

        Array.ForEach(threads, thread => thread.Join());
        Assert.That(next, Is.All.EqualTo(Items));
    }

    [Test]
    public void Parking_ends_at_its_deadline_and_never_spins_on_a_short_one()
    {
        var parker = new Parker();
        var start = Environment.TickCount64;
        parker.Park(TimeSpan.FromMilliseconds(30));
        Assert.That(Environment.TickCount64 - start, Is.GreaterThanOrEqualTo(15));
        var parks = 0;
        start = Environment.TickCount64;
        while (Environment.TickCount64 - start < 50)
        {
            parker.Park(TimeSpan.FromMicroseconds(100));
            parks++;
        }

        Assert.That(parks, Is.LessThanOrEqualTo(70), "each takes about a millisecond, not a tenth");
    }

    [Test]
    public void A_wake_up_before_the_park_ends_it_at_once_and_only_once()
    {
        var parker = new Parker();
        parker.Unpark();
        parker.Unpark();
        var start = Environment.TickCount64;
        parker.Park(LongPark);
        Assert.That(Environment.TickCount64 - start, Is.LessThan(LongPark.TotalMilliseconds / 2));
        start = Environment.TickCount64;
        parker.Park(TimeSpan.FromMilliseconds(30));
        Assert.That(Environment.TickCount64 - start, Is.GreaterThanOrEqualTo(15), "two wake-ups leave one permit");
    }

    [Test]
    public void Neither_enqueue_nor_dequeue_nor_a_park_allocates()
    {
        var parker = new Parker();
        var queue = new BoundedQueue<object>(16, parker);
        var item = new object();
        Pass(queue, parker, item, 100);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Pass(queue, parker, item, 10_000);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [Test]
    public void The_ring_keeps_nothing_alive_that_was_taken()
    {
        var queue = new BoundedQueue<object>(4, new Parker());
        var item = PassThrough(queue);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.That(item.IsAlive, Is.False);
        Assert.That(queue.Count, Is.Zero);
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static WeakReference PassThrough(BoundedQueue<object> queue)
    {
        var item = new object();
        queue.TryEnqueue(item);
        queue.TryDequeue(out _);
        return new(item);
    }

    private static void Pass(BoundedQueue<object> queue, Parker parker, object item, int count)
    {
        for (var number = 0; number < count; number++)
        {
            queue.TryEnqueue(item);
            parker.Park(LongPark);
            queue.TryDequeue(out _);
        }
    }

    private static int TakeParked(BoundedQueue<int> queue, Parker parker, ref TimeSpan longest)
    {
        int item;
        while (!queue.TryDequeue(out item))
        {
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            parker.Park(LongPark);
            var slept = System.Diagnostics.Stopwatch.GetElapsedTime(start);
            if (slept > longest)
                longest = slept;
        }

        return item;
    }
}
