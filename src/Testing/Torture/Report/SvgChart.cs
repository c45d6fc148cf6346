using System.Text;

namespace RaftStream.Testing;

/// <summary>
/// Writes one picture as SVG. All text has one size, chosen so that on A4 it is no smaller than 10 points of a screen, and all that shows by colour
/// shows by form or by a name as well.
/// </summary>
/// <param name="label">What it shows, for whoever cannot see it.</param>
internal sealed class SvgChart(string label)
{
    /// <summary>How wide each picture is: the page prints 703 of these points wide on A4, which makes 14 into 10.3.</summary>
    public const int Width = 960;

    /// <summary>The size of all text.</summary>
    public const int TextSize = 14;

    /// <summary>How wide a character is at the most, on average over a word: what room for a text is measured by.</summary>
    public const double CharacterWidth = 7.8;

    /// <summary>How far apart lines of text are.</summary>
    public const int LineHeight = 18;

    /// <summary>The looks of everything drawn; once a page, and in each picture that is a file of its own.</summary>
    public const string Style =
        """
        .chart text{font:14px system-ui,sans-serif;fill:#1b1b1b}
        .chart .end{text-anchor:end}.chart .mid{text-anchor:middle}
        .chart .axis{stroke:#444;fill:none}.chart .grid{stroke:#ddd;fill:none}.chart .lane{stroke:#e4e4e4}
        .chart .hit{fill:#fff;fill-opacity:0}.chart .hit:hover{fill:#000;fill-opacity:.08}
        .chart .ok{fill:#cfe8d4;stroke:#2e7d32}.chart .failed{fill:url(#hatched);stroke:#8a5a00}.chart .unknown{fill:#8c0f2a;stroke:#8c0f2a}
        .chart .fault{stroke:#333}.chart .idle{fill:#fff;stroke:#333;stroke-dasharray:3 2}.chart .fault:hover,.chart .idle:hover{stroke-width:2.5}
        .chart .wash{fill:#efefef}.chart .gap{fill:#1b1b1b}.chart .term{stroke:#1b1b1b;stroke-width:1.5}.chart .turn{stroke:#777;stroke-dasharray:1 4}
        .chart .dot{fill:#3f8a4b;fill-opacity:.6}.chart .cross{stroke:#8a5a00;stroke-width:1.6;fill:none}.chart .peak{fill:#8c0f2a}
        .chart .half{stroke:#1b1b1b;stroke-width:2.2;fill:none}.chart .most{stroke:#1b1b1b;stroke-width:1.6;stroke-dasharray:7 3;fill:none}
        .chart .curve{fill:none;stroke-width:2}.chart .lead{stroke:#999;fill:none}
        """;

    /// <summary>What <see cref="Style"/> refers to by name.</summary>
    private const string Patterns =
        """<defs><pattern id="hatched" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="#ffe6bd"/><line x1="0" y1="0" x2="0" y2="5" stroke="#8a5a00" stroke-width="2"/></pattern></defs>""";

    private readonly StringBuilder _body = new();

    /// <summary>How high the picture is, once that is known.</summary>
    public double Height { get; set; }

    /// <summary>How wide a text is at the most.</summary>
    public static double WidthOf(string text) => text.Length * CharacterWidth;

    /// <summary>A text that fits so much room: cut short, with a sign that it is.</summary>
    public static string Fit(string text, double room)
    {
        var most = (int)(room / CharacterWidth);
        return text.Length <= most ? text : most < 2 ? "" : text[..(most - 1)] + "…";
    }

    /// <summary>A text; <paramref name="y"/> is its base line.</summary>
    /// <param name="x">Where it begins; with the class end or mid where it ends or has its middle.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="text">It.</param>
    /// <param name="look">Its class.</param>
    /// <param name="title">What hovering shows; null for nothing.</param>
    public void Text(double x, double y, string text, string look = "", string? title = null)
    {
        if (text.Length == 0)
            return;
        _body.Append("<text").Append(Class(look)).Append(Attribute("x", x)).Append(Attribute("y", y)).Append('>');
        if (title is not null)
            _body.Append("<title>").Append(HtmlPage.Safe(title)).Append("</title>");
        _body.Append(HtmlPage.Safe(text)).Append("</text>\n");
    }

    /// <summary>A straight line.</summary>
    public void Line(double fromX, double fromY, double toX, double toY, string look, string extra = "") =>
        _body.Append("<line").Append(Class(look)).Append(extra).Append(Attribute("x1", fromX)).Append(Attribute("y1", fromY)).Append(Attribute("x2", toX)).Append(Attribute("y2", toY)).Append("/>\n");

    /// <summary>A box.</summary>
    public void Box(double x, double y, double width, double height, string look, string? title = null, string extra = "")
    {
        _body.Append("<rect").Append(Class(look)).Append(extra).Append(Attribute("x", x)).Append(Attribute("y", y)).Append(Attribute("width", width)).Append(Attribute("height", height));
        End("rect", title);
    }

    /// <summary>A path; its data are made by the code alone and stand as they are.</summary>
    public void Path(string data, string look, string? title = null, string extra = "")
    {
        if (data.Length == 0)
            return;
        _body.Append("<path").Append(Class(look)).Append(extra).Append(" d=\"").Append(data).Append('"');
        End("path", title);
    }

    /// <summary>Opens a group of one class.</summary>
    public void Open(string look) => _body.Append("<g").Append(Class(look)).Append(">\n");

    /// <summary>Closes the group.</summary>
    public void Close() => _body.Append("</g>\n");

    /// <summary>The picture for a page that has <see cref="Style"/>.</summary>
    public string ToInline() => Element("");

    /// <summary>The picture as a file of its own.</summary>
    public string ToFile() => "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + Element("<style>\n" + Style + "\n</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");

    /// <summary>A point of a path.</summary>
    public static string Point(double x, double y) => FigureText.Coordinate(x) + " " + FigureText.Coordinate(y);

    private string Element(string before) =>
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {Width} {FigureText.Coordinate(Height)}\" role=\"img\" aria-label=\"{HtmlPage.Safe(label)}\">\n{before}{Patterns}\n{_body}</svg>\n";

    private void End(string element, string? title)
    {
        if (title is null)
            _body.Append("/>\n");
        else
            _body.Append("><title>").Append(HtmlPage.Safe(title)).Append("</title></").Append(element).Append(">\n");
    }

    private static string Class(string look) => look.Length == 0 ? "" : $" class=\"{look}\"";

    private static string Attribute(string name, double value) => $" {name}=\"{FigureText.Coordinate(value)}\"";
}
