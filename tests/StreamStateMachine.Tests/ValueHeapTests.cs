using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine.Tests;

[TestFixture]
public sealed class ValueHeapTests
{
    [Test]
    public void Random_changes_leave_what_a_dictionary_holds_and_views_what_it_held()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            var table = new CountTable(1 << 20, 1 << 28);
            var model = new Dictionary<int, byte[]?>();
            var views = new List<(CaptureTicket Ticket, FrozenTable Frozen, Dictionary<int, byte[]?> Model)>();
            var (keys, largest) = (1 << random.Next(1, 10), 1 << random.Next(1, 17));
            for (var step = 0; step < 4_000; step++)
            {
                Change(table, model, random, random.Next(keys), largest);
                if (step % 500 == 0)
                    views.Add((table.Captures.Begin(), table.Freeze(), new(model)));
                if (views.Count > 3)
                {
                    AssertHolds(views[0].Frozen, views[0].Model, $"seed {seed}, a view");
                    views[0].Ticket.Release();
                    views.RemoveAt(0);
                }
            }

            foreach (var view in views)
                AssertHolds(view.Frozen, view.Model, $"seed {seed}, a view at the end");
            AssertHolds(table.Freeze(), model, $"seed {seed}");
            Assert.That(table.ValueBytes, Is.EqualTo(model.Values.Sum(static value => value?.Length ?? 0)));
            var straight = new CountTable(1 << 20, 1 << 28);
            foreach (var (key, value) in model)
                Set(straight, key, value);
            Assert.That((straight.Hash, straight.Total, straight.Integers), Is.EqualTo((table.Hash, table.Total, table.Integers)));
        }
    }

    [TestCase(1, 64 * 1024)]
    [TestCase(5_000, 16)]
    [TestCase(300, 6_000)]
    [TestCase(100, 64 * 1024)]
    [TestCase(40_000, 0)]
    public void Values_that_are_replaced_for_ever_take_a_few_times_their_size(int keys, int bytes)
    {
        var table = new CountTable(1 << 20, 1 << 28);
        var random = new Random(1);
        var written = 0L;
        var most = 0;
        for (var i = 0; written < 60L * 1024 * 1024 && i < 200_000; i++)
        {
            var value = new byte[bytes];
            random.NextBytes(value);
            Set(table, random.Next(keys), value);
            written += bytes;
            most = Math.Max(most, table.ValuePages);
        }

        var needed = ((long)keys * (bytes + 8) / ValueHeap.PageSize) + 1;
        Assert.That(most, Is.LessThanOrEqualTo((needed * 3) + 6));
    }

    [Test]
    public void Values_that_are_gone_give_their_pages_back()
    {
        var table = new CountTable(1 << 20, 1 << 28);
        for (var key = 0; key < 2_000; key++)
            Set(table, key, new byte[10_000]);
        Assert.That(table.ValuePages, Is.GreaterThan(70));
        for (var key = 0; key < 2_000; key++)
        {
            if (key % 10 != 0)
                table.RemoveAt(table.Find(Key(key)));
        }

        Assert.That(table.ValuePages, Is.LessThan(24), "200 values of 10,000 bytes fit into 8");
        for (var key = 0; key < 2_000; key += 10)
            Set(table, key, null);
        Assert.That((table.ValuePages, table.ValueBytes), Is.EqualTo((1, 0L)));
    }

    private static void Change(CountTable table, Dictionary<int, byte[]?> model, Random random, int key, int largest)
    {
        switch (random.Next(10))
        {
            case < 3:
                if (model.Remove(key))
                    table.RemoveAt(table.Find(Key(key)));
                break;
            case 3:
                Set(table, key, model[key] = null);
                break;
            default:
                var value = new byte[random.Next(4) == 0 ? random.Next(largest) : random.Next(Math.Min(largest, 100))];
                random.NextBytes(value);
                Set(table, key, model[key] = value);
                break;
        }
    }

    /// <summary>Null stands for the integer that is the key.</summary>
    private static void Set(CountTable table, int key, byte[]? value)
    {
        var hash = KeyHash.Of(Key(key));
        var number = table.Find(Key(key), hash);
        if (value is null && number < 0)
            table.Insert(Key(key), hash, key);
        else if (value is null)
            table.SetAt(number, hash, key);
        else if (number < 0)
            table.InsertBytes(Key(key), hash, value);
        else
            table.SetBytesAt(number, hash, value);
    }

    private static void AssertHolds(FrozenTable table, Dictionary<int, byte[]?> model, string where)
    {
        Assert.That(table.Count, Is.EqualTo(model.Count), where);
        for (var number = 0; number < table.Count; number++)
        {
            var key = BinaryPrimitives.ReadInt32LittleEndian(table.KeyAt(number));
            var entry = EntryPages.At(table.Entries, number);
            if (!model.TryGetValue(key, out var value) || entry.HoldsBytes != value is not null)
                Assert.Fail($"{where}: key {key} is not there, or of another kind");
            if (value is null ? entry.Value != key : !table.Values.At(new(entry.Value)).SequenceEqual(value))
                Assert.Fail($"{where}: key {key} holds something else");
        }
    }

    private static byte[] Key(int key) => BitConverter.GetBytes(key);
}
