using System.Buffers;
using System.Text;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>Counters with commands laid over them that are not applied: what is told is what applying them would make true.</summary>
[TestFixture]
internal sealed class StoreOverlayTests
{
    [Test]
    public void A_maximum_raises_a_counter_that_starts_at_zero_and_never_lowers_it()
    {
        var store = new StoreHarness();
        Assert.That(Max(store, "a", -5), Is.EqualTo(new CounterReply(StoreProblem.None, 0, true, true)));
        Assert.That(Max(store, "a", 7).Value, Is.EqualTo(7));
        Assert.That(Max(store, "a", 3).Value, Is.EqualTo(7));
        Assert.That(store.Add("a", 1).Value, Is.EqualTo(8));
        Assert.That(Max(store, "", 3).Problem, Is.EqualTo(StoreProblem.InvalidKey));
    }

    [Test]
    public void An_answer_over_pending_commands_is_what_applying_them_gives()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var store = new StoreHarness();
            for (var more = random.Next(4); more > 0; more--)
                store.Add(Key(random), random.Next(-5, 6));
            var pending = Enumerable.Range(0, random.Next(6)).Select(_ => (ReadOnlyMemory<byte>)Command(random)).ToArray();
            var key = Key(random);
            var before = store.Hash;
            var over = Over(store, key, pending);
            Assert.That(store.Hash, Is.EqualTo(before), "nothing is changed");
            foreach (var command in pending)
                store.Apply(command);
            Assert.That(over, Is.EqualTo(store.Get(key)));
        }
    }

    [Test]
    public void A_sum_that_would_leave_the_range_is_left_out_as_it_would_be()
    {
        var store = new StoreHarness();
        store.Add("a", long.MaxValue);
        Assert.That(Over(store, "a", [Add("a", 1), Add("a", -1)]).Value, Is.EqualTo(long.MaxValue - 1));
    }

    [Test]
    public void Only_adds_and_maxima_commute_and_only_one_counter_can_be_asked_for()
    {
        var store = new CountingStore();
        Assert.That(store.Commutes(Add("a", 1)) && store.Commutes(Bytes(static output => StoreCommand.WriteMax(output, "a"u8, 1))), Is.True);
        Assert.That(store.Commutes(Bytes(static output => StoreCommand.WriteDelete(output, "a"u8))), Is.False);
        Assert.That(store.Commutes(Bytes(static output => StoreCommand.WriteCompareAndSet(output, "a"u8, 1, 2))), Is.False);
        Assert.That(store.Commutes([]) || store.Commutes(Add("", 1)) || store.Commutes([.. Add("a", 1), 0]), Is.False, "no command at all");
        var reply = new ArrayBufferWriter<byte>();
        Assert.That(store.TryQueryOver(Bytes(StoreQuery.WriteStats), [], reply), Is.False);
        Assert.That(store.TryQueryOver(Bytes(static output => StoreQuery.WriteTop(output, 3)), [], reply), Is.False);
        Assert.That(reply.WrittenCount, Is.Zero);
    }

    private static string Key(Random random) => random.Next(2) == 0 ? "a" : "b";

    private static byte[] Command(Random random)
    {
        var (key, number) = (Encoding.UTF8.GetBytes(Key(random)), random.Next(-5, 6));
        return random.Next(2) == 0 ? Bytes(output => StoreCommand.WriteAdd(output, key, number)) : Bytes(output => StoreCommand.WriteMax(output, key, number));
    }

    private static byte[] Add(string key, long delta) => Bytes(output => StoreCommand.WriteAdd(output, Encoding.UTF8.GetBytes(key), delta));

    private static CounterReply Max(StoreHarness store, string key, long value)
    {
        CounterReply.TryRead(store.Apply(Bytes(output => StoreCommand.WriteMax(output, Encoding.UTF8.GetBytes(key), value))), out var reply);
        return reply;
    }

    private static CounterReply Over(StoreHarness store, string key, params ReadOnlyMemory<byte>[] pending)
    {
        var reply = new ArrayBufferWriter<byte>();
        Assert.That(store.Store.TryQueryOver(Bytes(output => StoreQuery.WriteGet(output, Encoding.UTF8.GetBytes(key))), pending, reply), Is.True);
        Assert.That(CounterReply.TryRead(reply.WrittenSpan, out var read), Is.True);
        return read;
    }

    private static byte[] Bytes(Action<IBufferWriter<byte>> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        write(bytes);
        return bytes.WrittenSpan.ToArray();
    }
}
