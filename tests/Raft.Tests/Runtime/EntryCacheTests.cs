using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Runtime;

internal sealed class EntryCacheTests
{
    [Test]
    public void The_cache_holds_what_a_plain_list_holds_through_appends_truncations_resets_and_trims()
    {
        for (var seed = 1UL; seed <= 10; seed++)
        {
            var random = new SimRandom(seed);
            var cache = new EntryCache(maxBytes: 4000);
            var model = new SortedDictionary<long, byte[]>();
            long next = 1;
            for (var step = 0; step < 300; step++)
            {
                var choice = random.Below(20);
                if (choice == 0)
                    Reset(cache, model, next = random.Between(1, 1000));
                else if (choice < 16)
                    next = Append(cache, model, random, next);
                else
                    Trim(cache, model, random.Between(0, (int)next));
                Assert.That(cache.Bytes, Is.EqualTo(model.Values.Sum(static record => record.Length)));
                Assert.That(cache.Last, Is.EqualTo(RuntimeBench.Index(next - 1)));
                Assert.That(model.All(held => cache.RecordAt(RuntimeBench.Index(held.Key)).Span.SequenceEqual(held.Value)), Is.True);
                Assert.That(cache.Holds(cache.First.Previous), Is.False);
                Assert.That(cache.Holds(cache.Last.Next), Is.False);
            }
        }
    }

    [Test]
    public void What_is_not_on_disk_is_never_dropped_however_much_it_is()
    {
        var cache = new EntryCache(maxBytes: 100);
        cache.Add(RuntimeBench.Index(1), 50, RuntimeBench.Records(1, 50));
        cache.Trim(RuntimeBench.Index(10));
        Assert.That(cache.First, Is.EqualTo(RuntimeBench.Index(11)));
        Assert.That(cache.Holds(RuntimeBench.Index(50)), Is.True);
    }

    [Test]
    public void A_gap_is_a_fault_of_ours() =>
        Assert.That(() => new EntryCache(100).Add(RuntimeBench.Index(2), 1, RuntimeBench.Records(2, 2)), Throws.TypeOf<InvariantException>());

    private static void Reset(EntryCache cache, SortedDictionary<long, byte[]> model, long next)
    {
        cache.Reset(RuntimeBench.Index(next));
        model.Clear();
    }

    private static long Append(EntryCache cache, SortedDictionary<long, byte[]> model, SimRandom random, long next)
    {
        var first = Math.Max(1, random.Chance(0.3) ? next - random.Below(30) : next);
        var count = random.Between(1, 6);
        foreach (var index in model.Keys.Where(index => index >= first).ToArray())
            model.Remove(index);
        var records = new List<byte>();
        for (var index = first; index < first + count; index++)
        {
            model[index] = LogBench.Entry(index, 1 + random.Below(9), random.Below(100)).ToBytes();
            records.AddRange(model[index]);
        }

        cache.Add(RuntimeBench.Index(first), count, records.ToArray());
        return first + count;
    }

    private static void Trim(EntryCache cache, SortedDictionary<long, byte[]> model, long durable)
    {
        cache.Trim(RuntimeBench.Index(durable));
        while (model.Count > 0 && model.Values.Sum(static record => record.Length) > 4000 && model.First().Key <= durable)
            model.Remove(model.First().Key);
    }
}
