using RaftStream.Raft.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Log;

[TestFixture]
internal sealed class FormatTests
{
    [Test]
    public void A_segment_header_reads_back_as_it_was_written()
    {
        var header = Header();
        var sector = new byte[SegmentHeader.Size];
        header.Write(sector);

        Assert.That(SegmentHeader.Read(sector, out var read), Is.EqualTo(HeaderState.Valid));
        Assert.That(read, Is.EqualTo(header));
    }

    [Test]
    public void A_segment_header_with_any_bit_changed_where_something_is_written_is_damaged()
    {
        var sector = new byte[SegmentHeader.Size];
        Header().Write(sector);
        for (var bit = 0; bit < 128 * 8; bit++)
        {
            sector[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(SegmentHeader.Read(sector, out _), Is.EqualTo(HeaderState.Damaged), $"bit {bit}");
            sector[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Test]
    public void A_segment_header_of_another_version_is_told_from_damage()
    {
        var sector = new byte[SegmentHeader.Size];
        Header().Write(sector);
        sector[8] = 9;
        BitConverter.TryWriteBytes(sector.AsSpan(60), Crc32C.Of(sector.AsSpan(0, 60)));

        Assert.That(SegmentHeader.Read(sector, out _), Is.EqualTo(HeaderState.UnsupportedVersion));
    }

    [Test]
    public void A_batch_header_reads_back_only_with_its_salt_and_segment()
    {
        var body = new byte[64];
        new SimRandom(3).Fill(body);
        var header = BatchHeader.Of(body, offset: 512, segment: 7, number: 11, durable: 10);
        var bytes = new byte[BatchHeader.Size];
        header.Write(bytes, salt: 99);

        Assert.That(BatchHeader.TryRead(bytes, 99, 7, out var read), Is.True);
        Assert.That(read, Is.EqualTo(header));
        Assert.That(BatchHeader.TryRead(bytes, 98, 7, out _), Is.False, "the salt is another one");
        Assert.That(BatchHeader.TryRead(bytes, 99, 8, out _), Is.False, "the segment is another one");
        Assert.That(BatchHeader.TryRead(bytes.AsSpan(0, 47), 99, 7, out _), Is.False, "it is cut short");
    }

    [Test]
    public void A_batch_header_with_any_bit_changed_is_none()
    {
        var bytes = new byte[BatchHeader.Size];
        new BatchHeader(1, 2, 1, 0, 0xABCD, 64).Write(bytes, salt: 5);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(BatchHeader.TryRead(bytes, 5, 1, out _), Is.False, $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Test]
    public void Blank_sectors_are_counted_from_the_first_that_the_header_does_not_touch()
    {
        var body = new byte[2000];
        Assert.That(BatchHeader.CountBlank(512, body), Is.EqualTo(3), "560 to 1024 is shared with the header");
        body[464] = 1;
        Assert.That(BatchHeader.CountBlank(512, body), Is.EqualTo(2));
        Assert.That(BatchHeader.CountBlank(1024 - 48, new byte[512]), Is.EqualTo(1), "the body begins on a boundary");
        Assert.That(BatchHeader.CountBlank(512, new byte[64]), Is.Zero, "all of it is shared with the header");
    }

    [Test]
    public void A_batch_of_votes_and_entries_is_walked_in_order()
    {
        var entry = LogBench.Entry(5, 3, length: 13);
        var body = new byte[(2 * HardStateRecord.Size) + entry.Record.Size];
        HardStateRecord.Write(body, LogBench.State(3, 1));
        entry.ToBytes().CopyTo(body, HardStateRecord.Size);
        HardStateRecord.Write(body.AsSpan(HardStateRecord.Size + entry.Record.Size), LogBench.State(4, 0));

        var cursor = new BatchCursor(body);
        Assert.That(cursor.MoveNext() && cursor.IsHardState && cursor.HardState == LogBench.State(3, 1), Is.True);
        Assert.That(cursor.MoveNext() && !cursor.IsHardState && cursor.Entry == entry.Record, Is.True);
        Assert.That(cursor.MoveNext() && cursor.IsHardState && cursor.HardState == LogBench.State(4, 0), Is.True);
        Assert.That(cursor.MoveNext() || cursor.IsDamaged, Is.False);
    }

    [Test]
    public void Random_bytes_are_no_record_and_throw_nothing()
    {
        var random = new SimRandom(8);
        var bytes = new byte[96];
        for (var round = 0; round < 20_000; round++)
        {
            random.Fill(bytes);
            if (random.Chance(0.5))
                bytes.AsSpan(0, 8).Clear();
            var cursor = new BatchCursor(bytes.AsSpan(0, random.Between(1, bytes.Length)));
            Assert.That(cursor.MoveNext(), Is.False);
            Assert.That(cursor.IsDamaged, Is.True);
        }
    }

    [Test]
    public void The_index_agrees_with_a_plain_list_under_puts_replacements_and_drops()
    {
        var random = new SimRandom(21);
        var index = new EntryIndex();
        var model = new List<(LogRecord Record, int Offset)>();
        var start = 0L;
        var term = 1L;
        for (var step = 0; step < 5000; step++)
        {
            if (random.Chance(0.02))
                term++;
            if (random.Chance(0.03))
            {
                var drop = random.Below(model.Count + 1);
                model.RemoveRange(0, drop);
                start += drop;
                index.DropThrough(new(start));
            }

            var keep = random.Chance(0.05) ? random.Below(model.Count + 1) : model.Count;
            model.RemoveRange(keep, model.Count - keep);
            var record = new LogRecord(LogBench.At(start + model.Count + 1, term), 0, EntryKind.Command, random.Below(LogRecord.MaxPayload + 1));
            model.Add((record, step));
            index.Put(record, segment: step / 100, offset: step);
            Assert.That(index.Count, Is.EqualTo(model.Count));
            var probe = random.Below(model.Count);
            var at = new LogIndex(start + probe + 1);
            Assert.That(index[at].Offset, Is.EqualTo(model[probe].Offset));
            Assert.That(index[at].Length, Is.EqualTo(model[probe].Record.Length));
            Assert.That(index.TermOf(at), Is.EqualTo(model[probe].Record.Position.Term));
        }
    }

    private static SegmentHeader Header() => new(
        LogBench.Identity, Number: 12, Salt: 0xDEAD_BEEF_0BAD_F00D, FileSize: 8192,
        new Checkpoint(LogBench.State(9, 3), LogBench.At(77, 8), 123_456, FirstBatch: 41, IsReset: true), LogId: 0x1122_3344_5566_7788);
}
