using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

internal sealed class LogShapeTests
{
    [Test]
    public void A_log_acts_like_a_plain_list([Range(0, 7)] int seed)
    {
        var prng = new Prng((ulong)seed);
        var log = new LogShape();
        var model = new Model();
        for (var step = 0; step < 1_500; step++)
        {
            switch (prng.Next() % 20)
            {
                case < 13:
                    var term = new Term(Math.Max(1, model.Last.Term.Value + (prng.Next() % 5 == 0 ? 1 : 0)));
                    var entry = new EntryShape(term, (EntryKind)(prng.Next() % 2), (int)(prng.Next() % (8 * 1024 * 1024)));
                    log.Append(entry);
                    model.Entries.Add(entry);
                    break;
                case < 15 when model.Entries.Count > 0:
                    var cut = model.Base.Index + 1 + Below(ref prng, model.Entries.Count);
                    log.TruncateFrom(cut);
                    model.Entries.RemoveRange((int)(cut - model.Base.Index) - 1, model.Entries.Count - (int)(cut - model.Base.Index) + 1);
                    break;
                case < 18 when model.Entries.Count > 0:
                    var compact = model.Base.Index + Below(ref prng, model.Entries.Count + 1);
                    log.CompactTo(compact);
                    model.CompactTo(compact);
                    break;
                case 19 when prng.Next() % 20 == 0:
                    var place = model.Last.Index == LogIndex.Zero ? LogPosition.Zero : new(model.Last.Index + 5, model.Last.Term.Next);
                    log.Reset(place);
                    model.Entries.Clear();
                    model.Base = place;
                    break;
                default:
                    var copy = new LogShape();
                    log.CopyTo(copy);
                    log = copy;
                    break;
            }

            AssertEqual(log, model, ref prng);
        }
    }

    [Test]
    public void Last_not_above_finds_the_last_place_with_no_higher_term()
    {
        var log = new LogShape();
        foreach (var term in new[] { 1, 1, 3, 3, 3, 6 })
            log.Append(new(new(term), EntryKind.Command, 1));
        Assert.Multiple(() =>
        {
            Assert.That(log.LastNotAbove(At(6, 9)), Is.EqualTo(At(6, 6)));
            Assert.That(log.LastNotAbove(At(9, 9)), Is.EqualTo(At(6, 6)));
            Assert.That(log.LastNotAbove(At(6, 5)), Is.EqualTo(At(5, 3)));
            Assert.That(log.LastNotAbove(At(4, 3)), Is.EqualTo(At(4, 3)));
            Assert.That(log.LastNotAbove(At(4, 2)), Is.EqualTo(At(2, 1)));
            Assert.That(log.LastNotAbove(At(4, 0)), Is.EqualTo(LogPosition.Zero));
        });
    }

    [Test]
    public void Reaching_outside_the_log_is_our_own_bug_and_stops_the_replica()
    {
        var log = new LogShape();
        log.Reset(At(5, 2));
        log.Append(new(new(2), EntryKind.Command, 1));
        Assert.Multiple(() =>
        {
            Assert.That(() => log.TermAt(new(4)), Throws.TypeOf<InvariantException>());
            Assert.That(() => log.TermAt(new(7)), Throws.TypeOf<InvariantException>());
            Assert.That(() => log.LengthAt(new(5)), Throws.TypeOf<InvariantException>());
            Assert.That(() => log.TruncateFrom(new(5)), Throws.TypeOf<InvariantException>());
            Assert.That(() => log.CompactTo(new(7)), Throws.TypeOf<InvariantException>());
            Assert.That(() => log.Append(new(new(1), EntryKind.Command, 1)), Throws.TypeOf<InvariantException>());
        });
    }

    private static LogPosition At(long index, long term) => new(new(index), new(term));

    private static int Below(ref Prng prng, int bound) => (int)(prng.Next() % (ulong)bound);

    private static void AssertEqual(LogShape log, Model model, ref Prng prng)
    {
        Assert.That((log.Base, log.Last), Is.EqualTo((model.Base, model.Last)));
        if (model.Entries.Count > 0)
        {
            var index = model.Base.Index + 1 + Below(ref prng, model.Entries.Count);
            var expected = model.Entries[(int)(index - model.Base.Index) - 1];
            Assert.That((log.ShapeAt(index), log.TermAt(index), log.LengthAt(index)), Is.EqualTo((expected, expected.Term, expected.Length)));
        }

        var asked = At(model.Base.Index.Value + Below(ref prng, model.Entries.Count + 3) - 1, Below(ref prng, (int)model.Last.Term.Value + 2));
        Assert.That(log.Holds(asked), Is.EqualTo(model.Holds(asked)), "holds");
        Assert.That(log.LastNotAbove(asked), Is.EqualTo(model.LastNotAbove(asked)), "last not above");
    }

    private sealed class Model
    {
        public LogPosition Base { get; set; }

        public List<EntryShape> Entries { get; } = [];

        public LogPosition Last => new(Base.Index + Entries.Count, Entries.Count == 0 ? Base.Term : Entries[^1].Term);

        public bool Holds(LogPosition position) =>
            position.Index >= Base.Index && position.Index <= Last.Index && TermAt(position.Index) == position.Term;

        public LogPosition LastNotAbove(LogPosition limit)
        {
            for (var index = LogIndex.Min(limit.Index, Last.Index); index > Base.Index; index = index.Previous)
            {
                if (TermAt(index) <= limit.Term)
                    return new(index, TermAt(index));
            }

            return Base;
        }

        public void CompactTo(LogIndex index)
        {
            var term = TermAt(index);
            Entries.RemoveRange(0, (int)(index - Base.Index));
            Base = new(index, term);
        }

        private Term TermAt(LogIndex index) => index == Base.Index ? Base.Term : Entries[(int)(index - Base.Index) - 1].Term;
    }
}
