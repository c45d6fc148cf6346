using RaftStream.Raft.Runtime;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>Where terms begin decides what became of a position that a leader gave out.</summary>
[TestFixture]
internal sealed class TermStartsTests
{
    [Test]
    public void A_higher_term_at_or_before_the_index_means_lost_before_the_index_is_applied()
    {
        var terms = Of((1, 1), (5, 3));
        Assert.That(terms.Judge(At(9, 2), new(5)), Is.EqualTo((Outcome.Lost, Refusal.None)));
        Assert.That(terms.Judge(At(5, 2), new(5)), Is.EqualTo((Outcome.Lost, Refusal.None)));
    }

    [Test]
    public void An_applied_index_of_the_same_term_means_applied_though_later_terms_came()
    {
        var terms = Of((1, 1), (5, 3));
        Assert.That(terms.Judge(At(4, 1), new(9)), Is.EqualTo((Outcome.Applied, Refusal.None)));
        Assert.That(terms.Judge(At(5, 3), new(9)), Is.EqualTo((Outcome.Applied, Refusal.None)));
    }

    [Test]
    public void What_is_not_applied_and_not_overruled_is_not_decided()
    {
        Assert.That(new TermStarts().Judge(At(1, 1), new(0)), Is.Null);
        Assert.That(Of((1, 1)).Judge(At(7, 1), new(6)), Is.Null);
        Assert.That(Of((1, 1)).Judge(At(7, 2), new(6)), Is.Null, "the entry of a leader that was not heard of here yet");
    }

    [Test]
    public void An_entry_of_a_lower_term_that_a_later_leader_committed_in_its_place_means_lost()
    {
        // Term 3 gave out 6, and died alone with it; term 4 held the entry of term 2 there, and committed it with its own at 7.
        var terms = Of((1, 1), (5, 2), (7, 4));
        Assert.That(terms.Judge(At(6, 3), new(7)), Is.EqualTo((Outcome.Lost, Refusal.None)));
        Assert.That(terms.Judge(At(6, 2), new(7)), Is.EqualTo((Outcome.Applied, Refusal.None)));
    }

    [Test]
    public void A_position_that_no_leader_gave_out_is_refused() =>
        Assert.That(Of((1, 1)).Judge(At(3, 2), new(6)), Is.EqualTo((Outcome.Rejected, Refusal.NoSuchEntry)));

    [Test]
    public void Of_terms_that_are_no_longer_kept_nothing_is_told()
    {
        var terms = new TermStarts();
        for (var term = 1; term <= TermStarts.Max + 2; term++)
            terms.Add(At(term * 2, term));
        Assert.That(terms.Count, Is.EqualTo(TermStarts.Max));
        Assert.That(terms.Judge(At(5, 2), new(100_000)), Is.EqualTo((Outcome.Unknown, Refusal.TooOld)));
        Assert.That(terms.Judge(At(7, 3), new(100_000)), Is.EqualTo((Outcome.Applied, Refusal.None)));
        Assert.That(Restored(terms.ToBytes()).ToBytes(), Is.EqualTo(terms.ToBytes()));
    }

    [Test]
    public void An_entry_of_a_term_known_already_tells_nothing_new()
    {
        var terms = Of((1, 1), (2, 1), (5, 3), (6, 3));
        Assert.That(terms.ToBytes(), Is.EqualTo(Of((1, 1), (5, 3)).ToBytes()));
    }

    [TestCase(0, "another release")]
    [TestCase(9, "their number")]
    [TestCase(12, "their number")]
    [TestCase(16, "term")]
    [TestCase(39, "term")]
    public void A_list_that_no_log_leads_to_is_refused_with_the_place(int place, string what)
    {
        var bytes = Of((1, 1), (5, 3)).ToBytes();
        bytes[place] ^= 0xFF;
        Assert.That(() => Restored(bytes), Throws.InstanceOf<InvalidDataException>().With.Message.Contains(what));
        Assert.That(() => Restored(Of((1, 1)).ToBytes()[..^1]), Throws.InstanceOf<InvalidDataException>().With.Message.Contains("where they end"));
    }

    private static LogPosition At(long index, long term) => new(new(index), new(term));

    private static TermStarts Of(params (long Index, long Term)[] starts)
    {
        var terms = new TermStarts();
        foreach (var (index, term) in starts)
            terms.Add(At(index, term));
        return terms;
    }

    private static TermStarts Restored(byte[] bytes)
    {
        var terms = new TermStarts();
        terms.Restore(new BytesReader(bytes));
        return terms;
    }

    private sealed class BytesReader(byte[] bytes) : ISnapshotReader
    {
        private int _read;

        public LogPosition Position => LogPosition.Zero;

        public int Read(Span<byte> destination)
        {
            var count = Math.Min(destination.Length, bytes.Length - _read);
            bytes.AsSpan(_read, count).CopyTo(destination);
            _read += count;
            return count;
        }
    }
}
