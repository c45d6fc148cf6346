namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A log that is followed, and renamed, truncated or deleted under the reader.</summary>
[TestFixture]
internal sealed class RotationTests
{
    private SourceFolder _folder = null!;
    private Follower _follower = null!;

    [SetUp]
    public void Make()
    {
        _folder = new();
        _follower = new(_folder.Write("a.log", ""));
    }

    [TearDown]
    public async Task RemoveAsync()
    {
        await _follower.DisposeAsync();
        _folder.Dispose();
    }

    [Test]
    public async Task A_followed_file_gives_a_line_once_it_has_its_end()
    {
        await LookAsync("one\ntw");
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "one" }));
        await LookAsync("o\n");
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "one", "two" }));
    }

    [Test]
    public async Task A_cancelled_wait_loses_nothing()
    {
        await LookAsync("one\ntw");
        await _follower.CancelAsync();
        await LookAsync("o\n");
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "one", "two" }));
    }

    [Test]
    public async Task What_was_not_yet_read_of_a_renamed_file_comes_before_the_new_one()
    {
        await LookAsync("1\n");
        _folder.Append("a.log", "2\n");
        _folder.Rename("a.log");
        _folder.Append("a.log.1", "3\n");
        _folder.Write("a.log", "4\n");
        await _follower.LookAsync();
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "1", "2", "3", "4" }));
    }

    [Test]
    public async Task A_renamed_file_is_read_until_its_successor_holds_a_byte()
    {
        await LookAsync("1\n");
        _folder.Rename("a.log");
        await _follower.LookAsync();
        _folder.Append("a.log.1", "2\n");
        _folder.Write("a.log", "");
        await _follower.LookAsync();
        _folder.Append("a.log.1", "3\nlast");
        await _follower.LookAsync();
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "1", "2", "3" }));
        await LookAsync("4\n");
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "1", "2", "3", "last", "4" }), "a complete file's last line needs no end");
    }

    [Test]
    public async Task Files_that_came_and_went_between_two_looks_are_all_read()
    {
        await LookAsync("1\n");
        for (var number = 2; number <= 5; number++)
        {
            _folder.Rename("a.log");
            _folder.Write("a.log", $"{number}\n");
        }

        await _follower.LookAsync();
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "1", "2", "3", "4", "5" }));
    }

    [Test]
    public async Task A_successor_of_equal_content_is_told_apart()
    {
        await LookAsync("start\n");
        _folder.Rename("a.log");
        _folder.Write("a.log", "start\n");
        await _follower.LookAsync();
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "start", "start" }));
    }

    [Test]
    public async Task A_reader_started_after_the_rotation_finds_its_file_and_goes_on_to_the_newer_ones()
    {
        await LookAsync("1\n");
        _folder.Append("a.log", "2\n");
        _folder.Rename("a.log");
        _folder.Write("a.log", "3\n");
        _folder.Rename("a.log");
        _folder.Write("a.log", "4\n");
        _folder.Write("a.log.3", "before all\n");
        await _follower.RestartAsync();
        await _follower.LookAsync();
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "1", "2", "3", "4" }));
    }

    [Test]
    public async Task A_reader_stopped_before_the_first_line_of_the_successor_goes_on_there()
    {
        await LookAsync("1\n");
        _folder.Rename("a.log");
        _folder.Write("a.log", "unfinished");
        await _follower.LookAsync();
        await _follower.RestartAsync();
        await LookAsync(" line\n");
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "1", "unfinished line" }));
    }

    [Test]
    public async Task Two_files_with_the_bytes_that_were_read_are_refused()
    {
        await LookAsync("1\n");
        File.Copy(_folder.PathOf("a.log"), _folder.PathOf("a.log.1"));
        Assert.That(_follower.RestartAsync, Throws.TypeOf<SourceChangedException>().With.Message.Contains("both start with the 2 bytes that were read"));
    }

    [TestCase("", "has 0 bytes, but 8 were read of it")]
    [TestCase("other\nlonger\n", "no longer starts with the bytes that were read")]
    [TestCase("One\ntwo\n", "no longer starts with the bytes that were read")]
    public async Task Truncation_in_place_is_refused_with_the_mend(string text, string what)
    {
        await LookAsync("one\ntwo\n");
        File.Copy(_folder.PathOf("a.log"), _folder.PathOf("a.log.1"));
        using (var truncated = new FileStream(_folder.PathOf("a.log"), FileMode.Open))
        {
            truncated.SetLength(0);
            truncated.Write(System.Text.Encoding.UTF8.GetBytes(text));
        }

        Assert.That(_follower.LookAsync, Throws.TypeOf<SourceChangedException>().With.Message.EqualTo(
            $"'{_folder.PathOf("a.log")}' {what}: truncating or rewriting a file in place (copytruncate) is not supported, since lines would be lost; rotate it by renaming, and start again under another partition name."));
    }

    [Test]
    public async Task A_file_that_was_deleted_and_written_anew_is_refused()
    {
        await LookAsync("one\n");
        File.Delete(_folder.PathOf("a.log"));
        _folder.Write("a.log", "two\n");
        Assert.That(_follower.LookAsync, Throws.TypeOf<SourceChangedException>().With.Message.Contains("was deleted or exchanged while it was read"));
        Assert.That(_follower.Lines, Is.EqualTo(new[] { "one" }));
    }

    private async Task LookAsync(string appended)
    {
        _folder.Append("a.log", appended);
        await _follower.LookAsync();
    }
}
