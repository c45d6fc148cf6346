using System.Text;
using RaftStream.Testing;

namespace RaftStream.Lab.Cap;

/// <summary>The result as a page: what was claimed, the table, and the pictures.</summary>
internal static class CapPage
{
    /// <summary>The page.</summary>
    public static string Of(CapRecord run, IReadOnlyList<CapScore> scores, IReadOnlyList<CapClaim> claims)
    {
        var picture = new CapPicture(run);
        var page = new StringBuilder(HtmlPage.Open("What each consistency level costs", ReportStyle.Rules + "\n" + SvgChart.Style));
        page.Append("<h1>What each consistency level gives, and what it costs, when the cluster is cut in two</h1>\n");
        page.Append("<p class=\"note\">").Append(HtmlPage.Safe(FormattableString.Invariant(
            $"{run.Plan.Nodes} nodes as processes of one machine, {run.Plan.Length.TotalSeconds:0} seconds. Twice the network between nodes was cut in two: the smaller part, node {string.Join(" and ", run.Minority)}, had the leader the first time. One client of each level worked at a node of each side, ten operations a second, none waiting longer than {CapClient.Patience.TotalSeconds} s; clients reach their node all the time. Reads of the level bounded allow {CapClient.Bound.TotalSeconds} s."))).Append("</p>\n");
        page.Append("<h2>Who was served, over time</h2>\n").Append(picture.Rows().ToInline());
        page.Append("<h2>How old reads at the smaller part were</h2>\n<p class=\"note\">How long before a read began the first add that it does not show had been acknowledged; the grey stretches are the cuts.</p>\n").Append(picture.Ages().ToInline());
        Table(page, scores);
        Claims(page, claims);
        return page.Append(HtmlPage.Close).ToString();
    }

    private static void Table(StringBuilder page, IReadOnlyList<CapScore> scores)
    {
        page.Append("<h2>By level and side</h2>\n<p class=\"note\">Served in a cut: of what was asked for in one and had to be answered in it. Times in milliseconds: half of the answers came within.</p>\n");
        page.Append(ReportStyle.Head("level", "side", Cell.Number("served whole"), Cell.Number("served in a cut"), Cell.Number("last one after the cut"), Cell.Number("before"), Cell.Number("in a cut"), Cell.Number("after"), "what was seen"));
        foreach (var score in scores)
        {
            page.Append(ReportStyle.Row(
                score.Level.Name,
                CapVerdict.Side(score),
                Cell.Number(CapText.Share(score.AvailabilityWhole)),
                Cell.Number(CapText.Share(score.AvailabilityCut)),
                Cell.Number(CapText.Until(score)),
                Cell.Number(CapText.Ms(score.Before)),
                Cell.Number(CapText.Ms(score.During)),
                Cell.Number(CapText.Ms(score.After)),
                CapText.Seen(score)));
        }

        page.Append(ReportStyle.Foot);
    }

    private static void Claims(StringBuilder page, IReadOnlyList<CapClaim> claims)
    {
        page.Append("<h2>What was claimed, and what was seen</h2>\n").Append(ReportStyle.Head("claim", "seen", ""));
        foreach (var claim in claims)
            page.Append(ReportStyle.Row(claim.Sentence, claim.Seen, Cell.Verdict(claim.Holds ? "passed" : claim.IsPromise ? "violated" : "not shown")));
        page.Append(ReportStyle.Foot);
    }
}
