//! What each pane shows, how to read it, what can be done in it, and where to read more.

use super::Pane;
use crate::ui::app::HelpText;
use crate::ui::labs::frame::LabPane;

pub(super) fn of(pane: Pane) -> HelpText {
    let (text, source) = match pane {
        Pane::Experiment => (
            "Which teacher, which students, which images they learn from, and how: temperature, weight of the soft \
             targets, what the students are compared with. A preset is an experiment of the paper. What may change \
             while students learn is passed on at once; the rest waits for the next start.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 2",
        ),
        Pane::Curves => (
            "Errors and loss of the teacher and of each student over the epochs. The distance from the student on \
             hard labels down to the teacher is the gap; how much of it the distilled student closes is what soft \
             targets are worth.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 3",
        ),
        Pane::Members => (
            "Every network of the experiment: what it learns from, how large it is, how far it is, its errors and its \
             throughput in images a second. All students start from the same weights and see the same batches. Click \
             one to look at it in the other panes.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 3",
        ),
        Pane::Microscope => (
            "The probabilities q = softmax(z / T) that teacher and student give the classes of one image, mirrored, \
             the true class marked. Raise T: classes that were too small to see show which others the teacher finds \
             alike. In log-probability they can be seen at T = 1 already. Below: what each term of the objective costs \
             the student on this image.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, equation 1",
        ),
        Pane::Images => (
            "A strip of images for the microscope: at random, of one class, those that the student gets most wrong, \
             or those on which it is farthest from the teacher (Kullback-Leibler divergence of the soft targets). \
             Click one; arrows move on. A digit can be drawn too.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 1",
        ),
        Pane::Temperature => (
            "Entropy of the soft targets against temperature, and its exponential, the effective number of classes: 1 \
             where the network is certain, all classes where it knows nothing. Soft targets teach most between the \
             two. Below: the angle between the gradients of distillation and of logit matching, its limit at high T. \
             Drag the line to change T.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, sections 2 and 2.1",
        ),
        Pane::Gradient => (
            "The gradient at the student's logits, a bar a class: from the soft term T\u{b2} times (q - p) / T, and \
             from the hard term softmax - label. The factor T\u{b2} keeps their balance as T changes. At high T the \
             soft term becomes the difference of the logits: matching logits is its limit.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, equations 2 to 4, section 2.1",
        ),
        Pane::DarkKnowledge => (
            "A row a true class: the mean of the soft targets at T over its images. What lies beside the diagonal is \
             what labels do not say: a 2 is more like a 3 or a 7 than like a 4. Click a cell to see the images that \
             put it there.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 1",
        ),
        Pane::Similarity => (
            "Classes joined from the most to the least alike, by the mean soft targets of the teacher at T (average \
             linkage). The lower a branch joins, the more alike it finds its classes. Specialists are made of such \
             groups.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 5.3",
        ),
        Pane::Bookkeeping => (
            "Four counts: both right, only the teacher, only the student, neither. Distillation moves images from the \
             second to the first; a few move to the third, where the student does better than its teacher. Click a \
             count to see its images.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 3",
        ),
        Pane::Omitted => (
            "A student that never saw a 3 knows it from the soft targets of other digits. It mostly errs by holding 3 \
             too unlikely, as it never met one: raise the bias of that class and watch the errors. The shift is \
             chosen on validation images; the paper chose it on the test images, which is shown beside it.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 3",
        ),
        Pane::Sweep => (
            "Errors of students by temperature and by size, a cell a student, filled in as each is done. The paper \
             found all T above 8 alike for 300 units a layer, and 2.5 to 4 best for 30: a small student cannot hold \
             all that the teacher knows.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 3",
        ),
        Pane::Specialists => (
            "Classes that the generalist confuses, found by k-means on the covariance of its predictions; for each \
             group a specialist that begins as the generalist and puts all other classes into one dustbin. Read the \
             table by the number of specialists that cover the true class.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, section 5",
        ),
        Pane::Report => (
            "The tables of the experiment, over all seeds, with the figures of the paper beside them. What falls \
             short is said. The same report is written to the run folder.",
            "Hinton, Vinyals, Dean 2015, arXiv 1503.02531, sections 3, 5 and 6",
        ),
    };
    HelpText { title: pane.title(), text, source }
}
